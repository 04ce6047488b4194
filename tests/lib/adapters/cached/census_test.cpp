// SPDX-License-Identifier: Apache-2.0
// Of two daemons on one store neither hears of what the other creates, but by asking the store.
#include "lib/adapters/cached/daemons.hpp"
#include "lib/adapters/sharded/beside_others.hpp"
#include "support/mysql_server.hpp"

#include <chrono>
#include <map>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::cached::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t filter_size = 16 * 1024 * 1024;
constexpr milliseconds age_max{500};

void wait_for_filter(UserCache& cache) {
  for (int i = 0; i < 5000 && !cache.counters().filter_in_use; ++i)
    std::this_thread::sleep_for(milliseconds(2));
  REQUIRE(cache.counters().filter_in_use);
}

/// A catalog and some shards on a server.
std::vector<std::string> new_databases(std::size_t shards) {
  test::MysqlServer& server = test::shared_server(test::ServerKind::mariadb);
  std::vector<std::string> dsns;
  for (std::size_t i = 0; i <= shards; ++i) dsns.push_back(server.dsn(server.create_database()));
  return dsns;
}

/// As an import does it, of which only this daemon hears: those that are in one part in one transaction.
void import_users(Daemons& daemons, std::int64_t first, std::int64_t count) {
  std::map<std::size_t, std::vector<UserId>> of_part;
  for (std::int64_t id = first; id < first + count; ++id)
    of_part[daemons.store.part_of(UserId{id}).index].push_back(UserId{id});
  for (const auto& [part, ids] : of_part) {
    const auto create = [&daemons, &here = ids](ports::Unit& unit) -> Status {
      std::vector<ports::NewUser> users;
      for (const UserId id : here) {
        ports::NewUser& each = users.emplace_back();
        each.user.id = id;
        each.user.username = each.username_canonical = "user-" + id.text();
      }
      MUSTER_CHECK_OK(unit.users().create_all(users));
      for (const UserId id : here) daemons[0].will_change(id);
      return {};
    };
    if (const Status status = daemons.store.write(ports::Home::part(part), create); !status)
      throw std::runtime_error(status.error().message + " " + status.error().detail);
  }
}

std::unique_ptr<Daemons> beside_others(const std::vector<std::string>& dsns) {
  return std::make_unique<Daemons>(1, "", UserCacheOptions{.filter = {filter_size, age_max}},
                                   sharded::testing::open_beside_others(dsns));
}

bool is_there(UserCache& cache, std::int64_t id) {
  ports::CachedUserPtr user = cache.find_in_memory(UserId{id}, {});
  if (!user) user = must(cache.find(UserId{id}, {}));
  return user->is_there();
}

int missing(UserCache& cache, std::int64_t first, std::int64_t count) {
  int found = 0;
  for (std::int64_t id = first; id < first + count; ++id)
    if (is_there(cache, id)) ++found;
  return static_cast<int>(count) - found;
}

/// Until all that was to be known is known.
void outlast_age() {
  std::this_thread::sleep_for(age_max);
}

}  // namespace

TEST_CASE("of 100,000 made-up ids few reach the store, and every user is found") {
  const int shards = GENERATE(-1, 0, 2);
  INFO((shards < 0 ? "nobody else writes" : std::to_string(shards) + " shards that others write to"));
  const std::unique_ptr<Daemons> daemons =
      shards < 0 ? std::make_unique<Daemons>(1, "", UserCacheOptions{.filter = {filter_size, {}}})
                 : beside_others(new_databases(static_cast<std::size_t>(shards)));
  constexpr std::int64_t users = 5'000;
  for (std::int64_t first = 1; first <= users; first += 500) import_users(*daemons, first, 500);
  UserCache& cache = (*daemons)[0];
  cache.forget_all();
  wait_for_filter(cache);
  const int reads = daemons->store.reads;
  CHECK(missing(cache, users + 1, 100'000) == 100'000);
  CHECK(daemons->store.reads - reads <= 1500);
  const ports::CacheCounters counters = cache.counters();
  CHECK(counters.filter_answers >= 98'500);
  CHECK(daemons->loads() + counters.filter_looks <= 1500);
  CHECK(missing(cache, 1, users) == 0);
}

TEST_CASE("a user is there as soon as it is created, also while the filter is built") {
  Daemons daemons(1, "", {.filter = {filter_size, {}}});
  import_users(daemons, 1'000'000, 5'000);
  wait_for_filter(daemons[0]);
  std::atomic<bool> is_over{false};
  // Again and again it is built anew.
  std::thread trouble([&] {
    while (!is_over) {
      daemons[0].forget_all();
      std::this_thread::sleep_for(milliseconds(7));
    }
  });
  int lost = 0;
  for (std::int64_t i = 1; i <= 600; ++i) {
    // Before, between and behind those that are there.
    const UserId id{i % 3 == 0 ? i : i % 3 == 1 ? 2'000'000 + i : 3'000'000 - i};
    daemons.create(0, id, "name");
    if (daemons.name_of(0, id) != "name") ++lost;
  }
  is_over = true;
  trouble.join();
  CHECK(lost == 0);
  wait_for_filter(daemons[0]);
  for (std::int64_t i = 3; i <= 600; i += 3) CHECK(daemons.name_of(0, UserId{i}) == "name");
}

TEST_CASE("what others create is found a moment later, or at once by who knows its version") {
  Daemons daemons(2, "", {.filter = {filter_size, age_max}});
  wait_for_filter(daemons[1]);
  CHECK(missing(daemons[1], 1, 100) == 100);
  const std::int64_t seq = daemons.create(0, UserId{42}, "name");
  CHECK(daemons.name_of(1, UserId{42}, seq) == "name");
  daemons.create(0, UserId{43}, "name");
  import_users(daemons, 1000, 50);
  outlast_age();
  CHECK(is_there(daemons[1], 43));
  CHECK(missing(daemons[1], 1000, 50) == 0);
  // What news tell is known at once.
  CHECK(missing(daemons[1], 2000, 100) == 100);
  daemons.tell_others(0, UserId{50}, daemons.create(0, UserId{50}, "name"));
  CHECK(is_there(daemons[1], 50));
}

TEST_CASE(
    "names of nobody are told where nobody else writes, and a name is somebody's as soon as it is taken") {
  const bool has_others = GENERATE(false, true);
  Daemons daemons(0, "", {.filter = {filter_size, has_others ? age_max : milliseconds(0)}});
  const ports::Name name{model::NameKind::username, "user-1"};
  daemons.add();
  import_users(daemons, 1, 3'000);
  daemons[0].forget_all();
  wait_for_filter(daemons[0]);
  int told = 0;
  for (int i = 1; i <= 1000; ++i)
    if (daemons[0].is_nobodys({name, {model::NameKind::email, std::to_string(i) + "@example.org"}})) ++told;
  CHECK((has_others ? told == 0 : told > 980));
  CHECK(daemons[0].counters().filter_names_answers == static_cast<std::uint64_t>(told));
  for (int i = 1; i <= 3'000; ++i)
    if (daemons[0].is_nobodys({{model::NameKind::username, "user-" + std::to_string(i)}})) FAIL(i);
  // Of another kind.
  CHECK(daemons[0].is_nobodys({{model::NameKind::phone, "user-1"}}) == !has_others);
  const ports::Name later{model::NameKind::phone, "+49301234567"};
  CHECK(daemons[0].is_nobodys({later}) == !has_others);
  daemons[0].names_taken({later});
  CHECK_FALSE(daemons[0].is_nobodys({later}));
}

TEST_CASE("where the log was trimmed too far everybody is found, and the filter is built anew") {
  const test::TemporaryFolder folder;
  Daemons daemons(2, "", {.filter = {filter_size, age_max}},
                  must(sqlite::open({.path = folder.path() + "/muster.db", .change_log_keep = 100})));
  wait_for_filter(daemons[1]);
  import_users(daemons, 1, 2'000);
  REQUIRE(daemons.store.maintain());
  outlast_age();
  CHECK(missing(daemons[1], 1, 2'000) == 0);
  wait_for_filter(daemons[1]);
  CHECK(daemons[1].counters().filter_ids > 1'900);
  CHECK(missing(daemons[1], 1, 2'000) == 0);
  const std::uint64_t answers = daemons[1].counters().filter_answers;
  CHECK(missing(daemons[1], 10'000, 1'000) == 1'000);
  CHECK(daemons[1].counters().filter_answers > answers + 900);
}

TEST_CASE("daemons that create side by side, in several databases, find each other's users a moment later") {
  const auto dsns = new_databases(2);
  const std::unique_ptr<Daemons> all[] = {beside_others(dsns), beside_others(dsns)};
  import_users(*all[0], 1'000'000, 3'000);
  for (const auto& each : all) wait_for_filter((*each)[0]);
  std::atomic<bool> is_over{false};
  std::atomic<int> lost{0};
  std::vector<std::thread> threads;
  constexpr std::int64_t rounds = 40;
  for (std::int64_t of = 0; of < 2; ++of) {
    Daemons& daemons = *all[of];
    threads.emplace_back([&, of] {
      for (std::int64_t i = 0; i < rounds; ++i) {
        const std::int64_t id = 1 + of * 10'000 + i * 20;
        daemons.create(0, UserId{id}, "name");
        import_users(daemons, id + 1, 19);
        if (!is_there(daemons[0], id)) ++lost;
      }
    });
    // Made-up ids, so that it looks; and from time to time it knows nothing any more.
    threads.emplace_back([&, of] {
      for (std::int64_t i = 0; !is_over; ++i) {
        if (is_there(daemons[0], 5'000'000 + i)) ++lost;
        if (of == 0 && i % 2'000 == 0) daemons[0].forget_all();
      }
    });
  }
  threads[0].join();
  threads[2].join();
  outlast_age();
  for (std::int64_t of = 0; of < 2; ++of) lost += missing((*all[1 - of])[0], 1 + of * 10'000, rounds * 20);
  is_over = true;
  threads[1].join();
  threads[3].join();
  CHECK(lost == 0);
  CHECK((*all[1])[0].counters().filter_looks > 0);
  for (const auto& each : all) {
    wait_for_filter((*each)[0]);
    CHECK(missing((*each)[0], 1'000'000, 3'000) == 0);
  }
}

TEST_CASE("a filter that is full is built anew, larger") {
  Daemons daemons(1, "", {.filter = {filter_size, {}}});
  wait_for_filter(daemons[0]);
  const std::uint64_t size_bytes = daemons[0].counters().filter_size_bytes;
  for (std::int64_t first = 1; first <= 100'000; first += 1000) import_users(daemons, first, 1000);
  for (std::int64_t id = 1; id <= 140'000; ++id) daemons[0].will_change(UserId{id});
  for (int i = 0; i < 5000 && daemons[0].counters().filter_size_bytes == size_bytes; ++i)
    std::this_thread::sleep_for(milliseconds(2));
  CHECK(daemons[0].counters().filter_size_bytes > size_bytes);
}

}  // namespace muster::cached::testing
