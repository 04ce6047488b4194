// SPDX-License-Identifier: Apache-2.0
#include "adapters/cached/log_follower.hpp"

#include "adapters/sqlite/driver.hpp"
#include "lib/adapters/cached/daemons.hpp"
#include "model/slot.hpp"

#include <set>

#include <catch2/catch.hpp>

namespace muster::cached::testing {
namespace {

using State = LogFollower::State;

/// One who follows a store, whose log a test may write to by itself.
class Followed {
 public:
  explicit Followed(std::int64_t keep = 1'000'000)
      : store(must(sqlite::open({.path = path(), .change_log_keep = keep}))) {
    begin();
  }

  void begin() {
    REQUIRE(store->read([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(users, follower.begin(unit));
      return {};
    }));
  }
  State follow() {
    State state = State::behind;
    REQUIRE(store->read([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(state, follower.follow(unit, [&](std::span<const UserId> some) {
        for (const UserId each : some) seen.insert(each.value);
      }));
      return {};
    }));
    return state;
  }
  void create(std::int64_t first, std::int64_t count) {
    REQUIRE(store->write([&](ports::Unit& unit) -> Status {
      std::vector<ports::NewUser> some;
      for (std::int64_t id = first; id < first + count; ++id) {
        some.emplace_back().user.id = UserId{id};
        some.back().username_canonical = "user-" + std::to_string(id);
      }
      return unit.users().create_all(some);
    }));
  }
  void execute(const std::string& statements) {
    auto connection = sqlite::SqliteConnection::open(path(), sqlite::ConnectionKind::writer, 1000, 2000);
    REQUIRE(connection);
    REQUIRE((*connection)->execute(statements));
  }
  /// As another program's unit would be seen that has raised the slot.
  void log(std::int64_t id, std::uint32_t slot, std::int64_t seq, std::int64_t user, bool is_first) {
    execute("INSERT INTO change_log (id, slot, seq, user_id, op) VALUES (" + std::to_string(id) + ", " +
            std::to_string(slot) + ", " + std::to_string(seq) + ", " + std::to_string(user) + ", " +
            (is_first ? "65" : "1") + "); UPDATE slot_state SET seq = " + std::to_string(seq) +
            " WHERE slot = " + std::to_string(slot));
  }

 private:
  test::TemporaryFolder folder_;
  [[nodiscard]] std::string path() const { return folder_.path() + "/muster.db"; }

 public:
  std::unique_ptr<ports::Store> store;
  LogFollower follower;
  std::int64_t users = 0;
  std::set<std::int64_t> seen;
};

}  // namespace

TEST_CASE("who follows the log hears of whoever is created or changed, and of nobody else") {
  Followed log;
  log.create(1, 100);
  CHECK(log.follow() == State::current);
  CHECK(log.seen.size() == 100);
  log.seen.clear();
  CHECK(log.follow() == State::current);
  CHECK(log.seen.empty());
  REQUIRE(log.store->write([](ports::Unit& unit) -> Status {
    MUSTER_TRY(auto user, unit.users().find(UserId{7}));
    user->email = "seven@example.org";
    MUSTER_CHECK_OK(unit.users().update(*user));
    MUSTER_CHECK_OK(unit.users().set_revocation(UserId{8}, {}));
    return {};
  }));
  CHECK(log.follow() == State::current);
  CHECK(log.seen == std::set<std::int64_t>{7});
  Followed late;
  late.create(1, 100);
  late.begin();
  CHECK(late.users == 100);
  CHECK(late.follow() == State::current);
  CHECK(late.seen.empty());
}

TEST_CASE("much that has changed is read some at a time") {
  Followed log;
  constexpr std::int64_t many = 50'000;
  for (std::int64_t first = 1; first <= many; first += 1000) log.create(first, 1000);
  int steps = 1;
  while (log.follow() == State::behind) ++steps;
  CHECK(steps > 2);
  CHECK(log.follow() == State::current);
  CHECK(log.seen.size() == many);
}

TEST_CASE("a unit that is seen late, with entries before and behind what was read, is heard of as a whole") {
  const std::int64_t further_back = GENERATE(0, 700);
  Followed log;
  log.log(10'000, 1, 1, 100, true);
  CHECK(log.follow() == State::current);
  for (std::int64_t i = 0; i < further_back; ++i) log.log(10'001 + i, 2, 1 + i, 5000 + i, true);
  CHECK(log.follow() == State::current);
  // One that has begun before the first of those.
  log.log(9'999, 3, 1, 300, true);
  log.log(20'000, 3, 1, 301, false);
  CHECK(log.follow() == State::current);
  CHECK(log.seen.contains(300));
  CHECK(log.seen.contains(301));
  CHECK(log.seen.size() == static_cast<std::size_t>(further_back) + 3);
}

TEST_CASE("who has missed something in the log, or whose slots have moved, is lost and says so") {
  Followed log(100);
  log.create(1, 1000);
  SECTION("the log was trimmed") {
    REQUIRE(log.store->maintain());
  }
  SECTION("an entry is not there") {
    log.execute("DELETE FROM change_log WHERE id = 500");
  }
  SECTION("by another program, which does not say where a unit begins") {
    log.execute("UPDATE change_log SET op = 1 WHERE id = 500");
  }
  SECTION("a slot is elsewhere now") {
    log.execute("UPDATE slot_state SET state = 'NONE' WHERE slot = 9");
  }
  SECTION("a slot was elsewhere in between") {
    log.execute("UPDATE slot_state SET epoch = 3 WHERE slot = 9");
  }
  SECTION("an older state is back") {
    CHECK(log.follow() == State::current);
    log.execute("UPDATE slot_state SET seq = 0; DELETE FROM change_log");
  }
  CHECK(log.follow() == State::lost);
  log.begin();
  CHECK(log.follow() == State::current);
  log.create(2001, 5);
  log.seen.clear();
  CHECK(log.follow() == State::current);
  CHECK(log.seen.size() == 5);
}

TEST_CASE("a unit of which a part was read is not taken for read") {
  Followed log;
  log.execute(
      "INSERT INTO change_log (slot, seq, user_id, op) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i "
      "+ 1 "
      "FROM n WHERE i < 30000) SELECT 5, 1, i, CASE i WHEN 1 THEN 65 ELSE 1 END FROM n; "
      "UPDATE slot_state SET seq = 1 WHERE slot = 5");
  CHECK(log.follow() == State::behind);
  CHECK(log.seen.size() < 30'000);
  CHECK(log.follow() == State::current);
  CHECK(log.seen.size() == 30'000);
}

}  // namespace muster::cached::testing
