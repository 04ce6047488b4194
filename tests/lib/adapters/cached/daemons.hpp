// SPDX-License-Identifier: Apache-2.0
/// @file Several daemons' caches over one store and one Redis, as far as users are concerned. What one
/// changes the others hear of when the test says so.
#pragma once

#include "adapters/cached/user_cache.hpp"
#include "adapters/sqlite/sqlite_store.hpp"
#include "adapters/system/entropy.hpp"
#include "ports/slot_store.hpp"
#include "ports/user_store.hpp"
#include "support/loop_thread.hpp"
#include "support/passing_store.hpp"
#include "support/process.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace muster::cached::testing {

/// A store whose answers can be held back, and which can be away.
class HinderedStore final : public test::PassingStore {
 public:
  explicit HinderedStore(std::unique_ptr<ports::Store> store) : PassingStore(std::move(store)) {}

  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override {
    ++reads;
    if (is_away) return fail(ErrorCode::unavailable, "the store is away");
    Status status = PassingStore::read(home, freshness, work);
    if (before_answer) before_answer();
    return status;
  }

  std::atomic<int> reads{0};
  std::atomic<bool> is_away{false};
  std::function<void()> before_answer;  ///< Set while nobody reads.
};

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message + " " + result.error().detail);
  return std::move(*result);
}

class Daemons {
 public:
  /// `redis_url` may be empty. Without a store they have one on SQLite.
  Daemons(std::size_t count, const std::string& redis_url, UserCacheOptions options = {},
          std::unique_ptr<ports::Store> other_store = nullptr)
      : options_(std::move(options)),
        redis_url_(redis_url),
        store(other_store ? std::move(other_store) : must(sqlite::open({.path = path()}))) {
    options_.memory_bytes_max = 8 * 1024 * 1024;
    for (std::size_t i = 0; i < count; ++i) add();
  }

  UserCache& operator[](std::size_t index) { return *caches_[index]; }
  /// Of its HTTP front, as it were.
  test::LoopThread& loop_of(std::size_t index) { return *loops_[index]; }
  [[nodiscard]] std::size_t count() const { return caches_.size(); }
  UserCache& add() {
    std::unique_ptr<SharedLevel> shared;
    if (!redis_url_.empty())
      shared = std::make_unique<SharedLevel>(must(redis::Url::parse(redis_url_)), redis::Passwords{}, "test",
                                             entropy_);
    caches_.push_back(std::make_unique<UserCache>(store, entropy_, std::move(shared), options_));
    loops_.push_back(std::make_unique<test::LoopThread>());
    return *caches_.back();
  }

  /// Each a transaction on one daemon: the sequence number that the user's slot came to.
  std::int64_t create(std::size_t on, UserId id, const std::string& display_name) {
    return change(on, id, [&](ports::Unit& unit) -> Status {
      model::User user;
      user.id = id;
      user.username = "user-" + id.text();
      user.display_name = display_name;
      return unit.users().create(user, user.username, std::nullopt);
    });
  }
  std::int64_t rename(std::size_t on, UserId id, const std::string& display_name) {
    return change(on, id, [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(auto user, unit.users().find(id));
      if (!user) return fail(ErrorCode::not_found, "no user");
      user->display_name = display_name;
      return unit.users().update(*user);
    });
  }
  std::int64_t remove(std::size_t on, UserId id) {
    return change(on, id, [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(const bool removed, unit.users().remove(id));
      return removed ? Status{} : Status(fail(ErrorCode::not_found, "no user"));
    });
  }
  /// What the feed would tell the others.
  void tell_others(std::size_t from, UserId id, std::int64_t seq) {
    for (std::size_t i = 0; i < caches_.size(); ++i)
      if (i != from) caches_[i]->changed(id, seq);
  }

  /// "-" for no such user.
  std::string name_of(std::size_t on, UserId id, std::optional<std::int64_t> at_least = {}) {
    return name_in(*must(caches_[on]->find(id, at_least)));
  }
  static std::string name_in(const ports::CachedUser& user) {
    if (!user.is_there()) return "-";
    const std::string mark = "\"display_name\":\"";
    const auto begin = user.json.find(mark) + mark.size();
    return user.json.substr(begin, user.json.find('"', begin) - begin);
  }
  std::uint64_t loads() const {
    std::uint64_t sum = 0;
    for (const auto& each : caches_) sum += each->counters().loads;
    return sum;
  }

 private:
  std::int64_t change(std::size_t on, UserId id, const std::function<Status(ports::Unit&)>& work) {
    std::int64_t seq = 0;
    const Status status = store.write(ports::Home::of(id), [&](ports::Unit& unit) -> Status {
      MUSTER_CHECK_OK(work(unit));
      for (const ports::SlotPosition& each : unit.slots().changed())
        if (each.slot == model::slot_of(id)) seq = each.seq;
      caches_[on]->will_change(id);
      unit.after_commit([&, seq] { caches_[on]->changed(id, seq); });
      return {};
    });
    if (!status) throw std::runtime_error(status.error().message + " " + status.error().detail);
    return seq;
  }

  UserCacheOptions options_;
  const std::string redis_url_;
  test::TemporaryFolder folder_;
  system::SystemEntropy entropy_;

 public:
  [[nodiscard]] std::string path() const { return folder_.path() + "/muster.db"; }
  HinderedStore store;

 private:
  std::vector<std::unique_ptr<UserCache>> caches_;
  std::vector<std::unique_ptr<test::LoopThread>> loops_;  ///< Gone before what is asked there.
};

}  // namespace muster::cached::testing
