// SPDX-License-Identifier: Apache-2.0
/// @file A store that passes everything on to another one: what a test's store changes of that, it overrides.
/// Thread-safe.
#pragma once

#include "ports/store.hpp"

#include <memory>
#include <utility>

namespace muster::test {

class PassingStore : public ports::Store {
 public:
  using ports::Store::read;
  using ports::Store::write;
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override {
    return store_->read(home, freshness, work);
  }
  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override {
    return store_->write(home, work);
  }

  [[nodiscard]] std::vector<ports::Home> parts() const override { return store_->parts(); }
  [[nodiscard]] ports::Home part_of(UserId user) const override { return store_->part_of(user); }
  Result<ports::Home> settle_home(const std::string& key, Time expires_at,
                                  const ports::Home& proposed) override {
    return store_->settle_home(key, expires_at, proposed);
  }

  [[nodiscard]] bool is_shared() const override { return store_->is_shared(); }
  ports::StoreHealth health() override { return store_->health(); }
  [[nodiscard]] ports::StoreCounters counters() const override { return store_->counters(); }
  Result<ports::Examination> examine() override { return store_->examine(); }
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

 protected:
  explicit PassingStore(std::unique_ptr<ports::Store> store) : store_(std::move(store)) {}

 private:
  const std::unique_ptr<ports::Store> store_;
};

}  // namespace muster::test
