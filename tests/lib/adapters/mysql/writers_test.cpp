// SPDX-License-Identifier: Apache-2.0
// Two stores on one database, as two programs would have it.
#include "lib/adapters/mysql/database.hpp"
#include "model/slot.hpp"
#include "ports/security_store.hpp"
#include "ports/user_store.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace muster::mysql::test {
namespace {

Status add_one(ports::Unit& unit, const std::string& name) {
  MUSTER_TRY(const auto text, unit.meta().get(name));
  return unit.meta().put(name, std::to_string((text ? std::stoll(*text) : 0) + 1));
}

/// Both stores at once, each from several threads.
void from_both(const std::vector<std::unique_ptr<ports::Store>>& stores, int writes,
               const std::function<Status(ports::Unit&, std::size_t store)>& work) {
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, store = static_cast<std::size_t>(i % 2)] {
      for (int n = 0; n < writes; ++n) {
        const Status status = stores[store]->write([&](ports::Unit& unit) { return work(unit, store); });
        if (!status) ++failed;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
}

}  // namespace

TEST_CASE("two programs change the same rows in opposite orders: no change is lost and none fails") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  std::vector<std::unique_ptr<ports::Store>> stores;
  for (int i = 0; i < 2; ++i) stores.push_back(open_store(options_for(server.dsn(database))));
  REQUIRE(put(*stores[0], "a", "0"));
  REQUIRE(put(*stores[0], "b", "0"));
  constexpr int writes = 40;
  from_both(stores, writes, [](ports::Unit& unit, std::size_t store) -> Status {
    MUSTER_CHECK_OK(add_one(unit, store == 0 ? "a" : "b"));
    return add_one(unit, store == 0 ? "b" : "a");
  });
  CHECK(get(*stores[0], "a") == std::to_string(6 * writes));
  CHECK(get(*stores[1], "b") == std::to_string(6 * writes));
  CHECK(stores[0]->counters().writes_run_again + stores[1]->counters().writes_run_again > 0);
}

TEST_CASE("two programs append to one audit chain: every record links to the one before") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  std::vector<std::unique_ptr<ports::Store>> stores;
  for (int i = 0; i < 2; ++i) stores.push_back(open_store(options_for(server.dsn(database))));
  constexpr int writes = 25;
  from_both(stores, writes, [](ports::Unit& unit, std::size_t store) {
    model::AuditRecord record;
    record.time = Time{std::chrono::seconds(1000)};
    record.actor = "os:" + std::to_string(store);
    record.source = "unix";
    record.operation = "test";
    record.target = "nothing";
    record.outcome = "ok";
    return unit.audit().append(record);
  });
  std::int64_t seq = 0;
  std::string previous;
  CHECK(stores[0]->read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto records, unit.audit().list({}, 0, 1000));
    for (const auto& record : records) {
      CHECK(record.seq == ++seq);
      const std::string hash = unit.audit().chain_hash(previous, record);
      CHECK(record.hash == hash);
      previous = record.hash;
    }
    return {};
  }));
  CHECK(seq == 6 * writes);
}

TEST_CASE(
    "a row that another program does not let go: the answer comes in a bounded time, and is no success") {
  SERVER_UNDER_TEST(server);
  const std::string dsn = server.dsn(server.create_database(), "statement_timeout=2s");
  const auto holder = open_store(options_for(dsn));
  const auto store = open_store(options_for(dsn));
  REQUIRE(put(*holder, "a", "0"));
  Status refused;
  const Stopwatch stopwatch;
  const Status held = holder->write([&](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.meta().put("a", "1"));
    std::thread other([&] { refused = put(*store, "a", "2"); });
    other.join();
    return {};
  });
  CHECK(held);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().message == "others are changing the same data; try again");
  CHECK(stopwatch.elapsed() < std::chrono::seconds(20));
  CHECK(get(*store, "a") == "1");
  CHECK(put(*store, "a", "3"));
  CHECK(store->health().writable);
}

TEST_CASE("a change in a slot takes the slot's next number, and none where the slot is not owned") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database)));
  const auto create = [&](std::int64_t id) {
    return store->write([&](ports::Unit& unit) {
      model::User user;
      user.id = UserId{id};
      user.username = "user" + std::to_string(id);
      return unit.users().create(user, user.username, std::nullopt);
    });
  };
  REQUIRE(create(7));
  const std::string slot = std::to_string(model::slot_of(UserId{7}));
  CHECK(server.execute(
            "SELECT l.seq = s.seq, s.seq, l.user_id, u.version FROM change_log l JOIN slot_state s ON "
            "s.slot = l.slot JOIN users u ON u.id = l.user_id WHERE l.slot = " +
                slot,
            database) == "1\t1\t7\t1\n");
  server.execute("UPDATE slot_state SET state = 'FROZEN' WHERE slot = " + slot, database);
  const Status frozen = store->write([&](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.users().remove(UserId{7}));
    return {};
  });
  REQUIRE_FALSE(frozen);
  CHECK(frozen.error().code == ErrorCode::unavailable);
  CHECK(frozen.error().message == "the user's data is being moved; try again");
  CHECK(server.execute("SELECT COUNT(*) FROM users; SELECT SUM(users) FROM slot_state", database) ==
        "1\n1\n");
  server.execute("UPDATE slot_state SET state = 'OWNED', epoch = 2 WHERE slot = " + slot, database);
  CHECK_FALSE(store->write([&](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.users().remove(UserId{7}));
    return {};
  }));
  CHECK(create(8));
}

}  // namespace muster::mysql::test
