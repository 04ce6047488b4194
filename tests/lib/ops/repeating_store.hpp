// SPDX-License-Identifier: Apache-2.0
/// @file A store that runs each unit of work twice, as one does whose database gave the first transaction up:
/// the first run is undone. So every test of an operation shows that its units can be run again.
#pragma once

#include "ports/store.hpp"

#include <memory>
#include <utility>

namespace muster::ops::testing {

class RepeatingStore final : public ports::Store {
 public:
  explicit RepeatingStore(std::unique_ptr<ports::Store> store) : store_(std::move(store)) {}

  using ports::Store::read;
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override {
    return store_->read(home, freshness, work);
  }

  using ports::Store::write;
  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override {
    return store_->write(home, [&](ports::Unit& unit) -> Status {
      const Status undone = unit.attempt([&]() -> Status {
        static_cast<void>(work(unit));
        return fail(ErrorCode::conflict, "the first run");
      });
      if (undone) return fail(ErrorCode::internal, "the first run was kept");
      return work(unit);
    });
  }

  [[nodiscard]] std::vector<ports::Home> parts() const override { return store_->parts(); }
  [[nodiscard]] ports::Home part_of(UserId user) const override { return store_->part_of(user); }
  Result<ports::Home> settle_home(const std::string& key, Time expires_at,
                                  const ports::Home& proposed) override {
    return store_->settle_home(key, expires_at, proposed);
  }

  ports::StoreHealth health() override { return store_->health(); }
  [[nodiscard]] ports::StoreCounters counters() const override { return store_->counters(); }
  Status backup(const std::string& path,
                const std::function<bool(std::int64_t, std::int64_t)>& progress) override {
    return store_->backup(path, progress);
  }
  Status verify_backup(const std::string& path) override { return store_->verify_backup(path); }
  Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                    const std::string& name) override {
    return store_->fact_of_backup(path, name);
  }
  Status maintain() override { return store_->maintain(); }

 private:
  std::unique_ptr<ports::Store> store_;
};

}  // namespace muster::ops::testing
