// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/cached/daemons.hpp"

#include <chrono>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::cached::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t filter_size = 16 * 1024 * 1024;

void create_many(Daemons& daemons, std::int64_t first, std::int64_t count) {
  for (std::int64_t begin = first; begin < first + count; begin += 500) {
    const Status status = daemons.store.write(ports::Home::part(0), [&](ports::Unit& unit) {
      std::vector<ports::NewUser> users;
      for (std::int64_t id = begin; id < std::min(begin + 500, first + count); ++id) {
        ports::NewUser each;
        each.user.id = UserId{id};
        each.user.username = each.username_canonical = "user-" + std::to_string(id);
        users.push_back(std::move(each));
      }
      return unit.users().create_all(users);
    });
    REQUIRE(status);
  }
}

void wait_for_filter(UserCache& cache) {
  for (int i = 0; i < 5000 && !cache.counters().filter_in_use; ++i)
    std::this_thread::sleep_for(milliseconds(2));
  REQUIRE(cache.counters().filter_in_use);
}

TEST_CASE("of 100,000 made-up ids few reach the store, and every user is found") {
  Daemons daemons(0, "", {.filter_bytes_max = filter_size});
  constexpr std::int64_t users = 20'000;
  create_many(daemons, 1, users);
  UserCache& cache = daemons.add();
  wait_for_filter(cache);
  const std::uint64_t loads = daemons.loads();
  for (std::int64_t id = users + 1; id <= users + 100'000; ++id) {
    ports::CachedUserPtr user = cache.find_in_memory(UserId{id}, {});
    if (!user) user = must(cache.find(UserId{id}, {}));
    if (user->is_there()) FAIL("there is no user " << id);
  }
  CHECK(daemons.loads() - loads <= 1500);
  CHECK(cache.counters().filter_answers >= 98'500);
  int missing = 0;
  for (std::int64_t id = 1; id <= users; ++id)
    if (!must(cache.find(UserId{id}, {}))->is_there()) ++missing;
  CHECK(missing == 0);
}

TEST_CASE("a user is there as soon as it is created, also while the filter is built") {
  Daemons daemons(0, "", {.filter_bytes_max = filter_size});
  create_many(daemons, 1'000'000, 5'000);
  daemons.add();
  wait_for_filter(daemons[0]);
  std::atomic<bool> is_over{false};
  // Again and again it is built anew.
  std::thread trouble([&] {
    while (!is_over) {
      daemons[0].others_created();
      std::this_thread::sleep_for(milliseconds(7));
    }
  });
  int missing = 0;
  for (std::int64_t i = 1; i <= 600; ++i) {
    // Before, between and behind those that are there.
    const UserId id{i % 3 == 0 ? i : i % 3 == 1 ? 2'000'000 + i : 3'000'000 - i};
    daemons.create(0, id, "name");
    if (daemons.name_of(0, id) != "name") ++missing;
  }
  is_over = true;
  trouble.join();
  CHECK(missing == 0);
  wait_for_filter(daemons[0]);
  for (std::int64_t i = 3; i <= 600; i += 3) CHECK(daemons.name_of(0, UserId{i}) == "name");
}

TEST_CASE("what others create is found once they tell, or the caller knows its version") {
  Daemons daemons(2, "", {.filter_bytes_max = filter_size});
  wait_for_filter(daemons[1]);
  const UserId id{42};
  CHECK(daemons.name_of(1, id) == "-");
  const std::int64_t seq = daemons.create(0, id, "name");
  CHECK(daemons.name_of(1, id, seq) == "name");
  daemons.tell_others(0, id, seq);
  CHECK(daemons.name_of(1, id) == "name");
  const UserId other{43};
  CHECK(daemons.name_of(1, other) == "-");
  daemons.create(0, other, "imported");
  daemons[1].others_created();
  CHECK(daemons.name_of(1, other) == "imported");
}

TEST_CASE("a filter that is full is built anew, larger") {
  Daemons daemons(1, "", {.filter_bytes_max = filter_size});
  wait_for_filter(daemons[0]);
  const std::uint64_t size_bytes = daemons[0].counters().filter_size_bytes;
  create_many(daemons, 1, 100'000);
  for (std::int64_t id = 1; id <= 140'000; ++id) daemons[0].will_change(UserId{id});
  for (int i = 0; i < 5000 && daemons[0].counters().filter_size_bytes == size_bytes; ++i)
    std::this_thread::sleep_for(milliseconds(2));
  CHECK(daemons[0].counters().filter_size_bytes > size_bytes);
}

}  // namespace
}  // namespace muster::cached::testing
