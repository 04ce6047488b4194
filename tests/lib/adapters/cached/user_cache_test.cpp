// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/cached/daemons.hpp"

#include <chrono>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::cached::testing {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a user is read from the store once, and every change of it is seen at once") {
  Daemons daemons(1, "");
  const UserId id{42};
  CHECK(daemons.name_of(0, id) == "-");
  CHECK(daemons[0].find_in_memory(id, {}) != nullptr);
  daemons.create(0, id, "first");
  CHECK(daemons[0].find_in_memory(id, {}) == nullptr);
  CHECK(daemons.name_of(0, id) == "first");
  const std::uint64_t loads = daemons.loads();
  for (int i = 0; i < 10; ++i) CHECK(daemons.name_of(0, id) == "first");
  CHECK(daemons.loads() == loads);
  daemons.rename(0, id, "second");
  CHECK(daemons.name_of(0, id) == "second");
  daemons.remove(0, id);
  CHECK(daemons.name_of(0, id) == "-");
  daemons.create(0, id, "third");
  CHECK(daemons.name_of(0, id) == "third");
}

TEST_CASE("a slow read that a change overtook is not shown to who asks after the change") {
  Daemons daemons(1, "");
  const UserId id{42};
  daemons.create(0, id, "old");
  std::promise<void> has_read;
  std::promise<void> may_answer;
  std::atomic<bool> is_first{true};
  daemons.store.before_answer = [&] {
    if (!is_first.exchange(false)) return;
    has_read.set_value();
    may_answer.get_future().wait();
  };
  auto slow = std::async(std::launch::async, [&] { return daemons.name_of(0, id); });
  has_read.get_future().wait();
  daemons.rename(0, id, "new");
  auto later = std::async(std::launch::async, [&] { return daemons.name_of(0, id); });
  // It finds the slow read under way, and waits for it.
  std::this_thread::sleep_for(milliseconds(20));
  may_answer.set_value();
  slow.get();
  CHECK(later.get() == "new");
  CHECK(daemons.name_of(0, id) == "new");
}

TEST_CASE("everything is forgotten where news may be missing, also what is being read") {
  Daemons daemons(1, "");
  const UserId id{42};
  daemons.create(0, id, "old");
  std::atomic<bool> is_first{true};
  daemons.store.before_answer = [&] {
    if (is_first.exchange(false)) daemons[0].forget_all();
  };
  daemons.name_of(0, id);
  // What was being read was read again.
  CHECK(daemons.loads() == 2);
  CHECK(daemons[0].find_in_memory(id, {}) != nullptr);
  daemons[0].forget_all();
  CHECK(daemons[0].find_in_memory(id, {}) == nullptr);
}

TEST_CASE("a caller is shown no state before the one it knows of") {
  Daemons daemons(2, "");
  const UserId id{42};
  const std::int64_t first = daemons.create(0, id, "old");
  CHECK(daemons.name_of(1, id, first) == "old");
  const std::int64_t second = daemons.rename(0, id, "new");
  // The other daemon has not heard of it.
  CHECK(daemons.name_of(1, id) == "old");
  CHECK(daemons[1].find_in_memory(id, second) == nullptr);
  CHECK(daemons.name_of(1, id, second) == "new");
  CHECK(daemons.name_of(1, id) == "new");
}

TEST_CASE("news that say no more than that a user changed end what is known of it") {
  Daemons daemons(2, "");
  const UserId id{42};
  daemons.create(0, id, "old");
  CHECK(daemons.name_of(1, id) == "old");
  daemons.rename(0, id, "new");
  daemons[1].changed_elsewhere(id);
  CHECK(daemons[1].find_in_memory(id, {}) == nullptr);
  CHECK(daemons.name_of(1, id) == "new");
  CHECK(daemons[1].find_in_memory(id, {}) != nullptr);
  daemons.remove(0, id);
  daemons[1].changed_elsewhere(id);
  CHECK(daemons.name_of(1, id) == "-");
}

TEST_CASE("what ran out is shown while the store is away, unless it is known to have changed") {
  Daemons daemons(2, "", {.memory_ttl = milliseconds(20), .negative_ttl = milliseconds(20)});
  const UserId id{42};
  const std::int64_t seq = daemons.create(0, id, "old");
  CHECK(daemons.name_of(1, id) == "old");
  std::this_thread::sleep_for(milliseconds(30));
  daemons.store.is_away = true;
  CHECK(daemons.name_of(1, id) == "old");
  CHECK(daemons[1].counters().stale_answers == 1);
  daemons[1].changed(id, seq + 1);
  const auto refused = daemons[1].find(id, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
}

TEST_CASE("where news are late the store is asked") {
  bool is_fresh = true;
  Daemons daemons(1, "", {.may_use = [&] { return is_fresh; }});
  const UserId id{42};
  daemons.create(0, id, "name");
  daemons.name_of(0, id);
  is_fresh = false;
  CHECK(daemons[0].find_in_memory(id, {}) == nullptr);
  CHECK(daemons.name_of(0, id) == "name");
  CHECK(daemons[0].counters().bypassed == 1);
}

TEST_CASE("few loads run at a time, and who waits too long is told so") {
  Daemons daemons(1, "", {.loads_max = 2, .load_wait = milliseconds(50)});
  std::promise<void> may_answer;
  const auto released = may_answer.get_future().share();
  std::atomic<int> running{0};
  daemons.store.before_answer = [&] {
    ++running;
    released.wait();
  };
  std::vector<std::future<Result<ports::CachedUserPtr>>> answers;
  for (int i = 1; i <= 3; ++i)
    answers.push_back(std::async(std::launch::async, [&, i] { return daemons[0].find(UserId{i}, {}); }));
  while (daemons[0].counters().loads_refused == 0) std::this_thread::sleep_for(milliseconds(1));
  CHECK(running == 2);
  may_answer.set_value();
  int refused = 0;
  for (auto& each : answers) {
    const auto answer = each.get();
    if (answer) continue;
    ++refused;
    CHECK(answer.error().code == ErrorCode::overloaded);
    CHECK(answer.error().retry_after.has_value());
  }
  CHECK(refused == 1);
}

TEST_CASE("what is asked for often is read again before it runs out, by one request") {
  Daemons daemons(1, "", {.memory_ttl = milliseconds(100)});
  const UserId id{42};
  daemons.create(0, id, "name");
  daemons.store.before_answer = [] { std::this_thread::sleep_for(milliseconds(10)); };
  std::atomic<bool> is_over{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      while (!is_over) {
        if (!daemons[0].find_in_memory(id, {})) (void)daemons[0].find(id, {});
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
  while (daemons[0].counters().loads < 6) std::this_thread::sleep_for(milliseconds(1));
  is_over = true;
  for (std::thread& each : clients) each.join();
  CHECK(daemons[0].counters().early_refreshes >= 1);
}

TEST_CASE("a comparison with the store finds what is wrong, and only that") {
  Daemons daemons(2, "");
  for (int i = 1; i <= 20; ++i) {
    daemons.create(0, UserId{i}, "name");
    daemons.name_of(1, UserId{i});
  }
  CHECK(must(daemons[1].compare(100)).inconsistent.empty());
  CHECK(daemons[1].counters().compared == 20);
  daemons.rename(0, UserId{7}, "changed, and nobody is told");
  const auto comparison = must(daemons[1].compare(100));
  REQUIRE(comparison.inconsistent.size() == 1);
  CHECK(comparison.inconsistent[0] == UserId{7});
  CHECK(daemons[1].counters().inconsistent == 1);
}

}  // namespace
}  // namespace muster::cached::testing
