// SPDX-License-Identifier: Apache-2.0
/// @file A store that dies at its n-th write from now: it is not begun, or it is kept and its answer lost.
/// From then on nothing works until it is revived. Several that share one fate die as one process does.
/// Thread-safe.
#pragma once

#include "ports/store.hpp"

#include <atomic>
#include <memory>
#include <utility>

namespace muster::sharded::testing {

enum class Death : std::uint8_t { before_the_write, after_the_write };

class Fate {
 public:
  /// The write that is the `number`-th from now, from 1 on, is the last.
  void die_at(int number, Death death) {
    death_ = death;
    writes_left_ = number;
  }
  void revive() {
    writes_left_ = never;
    ++life_;
  }
  [[nodiscard]] bool is_dead() const { return dead_life_ == life_; }

  /// Whether this write is the last one.
  bool is_last() { return writes_left_ != never && writes_left_.fetch_sub(1) == 1; }
  [[nodiscard]] int life() const { return life_; }
  /// Unless it has been revived since.
  void die(int life) { dead_life_ = life; }
  [[nodiscard]] Death death() const { return death_; }
  static Error error() { return {ErrorCode::unavailable, "the database is gone", "", {}, {}}; }

 private:
  static constexpr int never = -1'000'000;
  std::atomic<int> writes_left_{never};
  std::atomic<int> life_{0};
  std::atomic<int> dead_life_{-1};
  std::atomic<Death> death_{Death::before_the_write};
};

class MortalStore final : public ports::Store {
 public:
  MortalStore(std::unique_ptr<ports::Store> store, std::shared_ptr<Fate> fate)
      : store_(std::move(store)), fate_(std::move(fate)) {}

  using ports::Store::read;
  using ports::Store::write;
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override {
    if (fate_->is_dead()) return fail(Fate::error());
    return store_->read(home, freshness, work);
  }

  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override {
    if (fate_->is_dead()) return fail(Fate::error());
    const int life = fate_->life();
    if (!fate_->is_last()) return store_->write(home, work);
    if (fate_->death() == Death::after_the_write) static_cast<void>(store_->write(home, work));
    fate_->die(life);
    return fail(Fate::error());
  }

  ports::StoreHealth health() override { return store_->health(); }
  [[nodiscard]] ports::StoreCounters counters() const override { return store_->counters(); }
  Result<ports::Examination> examine() override {
    if (fate_->is_dead()) return fail(Fate::error());
    return store_->examine();
  }
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
  const std::unique_ptr<ports::Store> store_;
  const std::shared_ptr<Fate> fate_;
};

}  // namespace muster::sharded::testing
