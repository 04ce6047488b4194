// SPDX-License-Identifier: Apache-2.0
/// @file A store that dies at its n-th write from now: it is not begun, or it is kept and its answer lost.
/// From then on nothing works until it is revived. Several that share one fate die as one process does.
/// Thread-safe.
#pragma once

#include "support/passing_store.hpp"

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

class MortalStore final : public muster::test::PassingStore {
 public:
  MortalStore(std::unique_ptr<ports::Store> store, std::shared_ptr<Fate> fate)
      : PassingStore(std::move(store)), fate_(std::move(fate)) {}

  using ports::Store::read;
  using ports::Store::write;
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override {
    if (fate_->is_dead()) return fail(Fate::error());
    return PassingStore::read(home, freshness, work);
  }

  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override {
    if (fate_->is_dead()) return fail(Fate::error());
    const int life = fate_->life();
    if (!fate_->is_last()) return PassingStore::write(home, work);
    if (fate_->death() == Death::after_the_write) static_cast<void>(PassingStore::write(home, work));
    fate_->die(life);
    return fail(Fate::error());
  }

  Result<ports::Examination> examine() override {
    if (fate_->is_dead()) return fail(Fate::error());
    return PassingStore::examine();
  }

 private:
  const std::shared_ptr<Fate> fate_;
};

}  // namespace muster::sharded::testing
