// SPDX-License-Identifier: Apache-2.0
/// @file The database of a shard that could not be opened when the daemon started: until it can be, what
/// concerns it fails with unavailable, and the rest goes on. Thread-safe.
#pragma once

#include "ports/store.hpp"

#include <functional>
#include <memory>
#include <mutex>

namespace muster::sharded {

class LateStore final : public ports::Store {
 public:
  using Open = std::function<Result<std::unique_ptr<ports::Store>>()>;

  /// `reason` is why it could not be opened so far.
  LateStore(Open open, Error reason) : open_(std::move(open)), reason_(std::move(reason)) {}

  /// Tries once more, unless it is open.
  Status try_open();

  using ports::Store::read;
  using ports::Store::write;
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override;
  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override;
  [[nodiscard]] ports::StoreHealth health() override;
  [[nodiscard]] ports::StoreCounters counters() const override;
  Result<ports::Examination> examine() override;
  Status backup(const std::string& path,
                const std::function<bool(std::int64_t, std::int64_t)>& progress) override;
  Status verify_backup(const std::string& path) override;
  Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                    const std::string& name) override;
  Status maintain() override;

 private:
  /// Null while it is not open.
  [[nodiscard]] std::shared_ptr<ports::Store> store() const;
  [[nodiscard]] Status refusal() const;

  const Open open_;
  std::mutex trying_;
  mutable std::mutex mutex_;
  Error reason_;
  std::shared_ptr<ports::Store> store_;
};

}  // namespace muster::sharded
