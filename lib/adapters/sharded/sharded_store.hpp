// SPDX-License-Identifier: Apache-2.0
/// @file Several databases as one store. Thread-safe.
#pragma once

#include "adapters/sharded/attempt.hpp"
#include "adapters/sharded/relay.hpp"
#include "adapters/sharded/shards.hpp"
#include "base/ticker.hpp"
#include "ports/store.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace muster::sharded {

class ShardedStore final : public ports::Store {
 public:
  static Result<std::unique_ptr<ShardedStore>> open(ShardedOptions options);
  explicit ShardedStore(std::unique_ptr<Shards> shards);

  using ports::Store::read;
  using ports::Store::write;
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override;
  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override;
  [[nodiscard]] std::vector<ports::Home> parts() const override;
  std::vector<Status> read_parts(const std::function<Status(std::size_t part, ports::Unit&)>& work) override;
  [[nodiscard]] ports::Home part_of(UserId user) const override;
  Result<ports::Home> settle_home(const std::string& key, Time expires_at,
                                  const ports::Home& proposed) override;

  /// Writable while the catalog is: one shard that is not leaves the others at work. The reason names those
  /// that are not.
  [[nodiscard]] ports::StoreHealth health() override;
  [[nodiscard]] bool is_shared() const override { return shards_->now()->catalog().store->is_shared(); }
  [[nodiscard]] ports::StoreCounters counters() const override;
  Status backup(const std::string& path,
                const std::function<bool(std::int64_t, std::int64_t)>& progress) override;
  Status verify_backup(const std::string& path) override;
  Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                    const std::string& name) override;
  Status maintain() override;

  [[nodiscard]] Shards& shards() { return *shards_; }
  /// As Relay::on_passed.
  void on_passed(std::function<void()> told) { relay_.on_passed(std::move(told)); }

 private:
  /// Who changed something sees it, also where a replica would answer.
  [[nodiscard]] ports::Freshness with_own_changes(const ports::Home& home,
                                                  const ports::Freshness& freshness) const;
  Status read_at(const Layout& layout, const ports::Home& home, const ports::Freshness& freshness,
                 const std::function<Status(ports::Unit&)>& work);
  static Status run_whole(const Layout& layout, const std::function<Status(ports::Unit&)>& work,
                          Attempt& attempt);
  Status run_at(const Layout& layout, const ports::Home& home,
                const std::function<Status(ports::Unit&)>& work, Attempt& attempt);
  Status prepare(const Layout& layout, Attempt& attempt);
  void conclude(const Layout& layout, model::ShardId home, const Status& status, const Attempt& attempt);
  /// The unit was kept.
  void confirm(const Layout& layout, const Attempt& attempt);
  Status cancel(const Layout& layout, const std::vector<HeldName>& names);
  void cancel_again(const Layout& layout);
  Status remove_grants(const Layout& layout, const std::string& role);
  void tend(const Layout& layout);

  std::unique_ptr<Shards> shards_;
  ports::SlotNumbers written_{0};  ///< What each slot came to by this process's changes.
  std::mutex uncancelled_mutex_;
  std::vector<HeldName> uncancelled_;  ///< Reserved in vain in a database that did not answer.
  Relay relay_;                        ///< These two last: their threads use the others.
  Ticker tender_;                      ///< Ends what was left pending.
};

}  // namespace muster::sharded
