// SPDX-License-Identifier: Apache-2.0
// A server that is killed, frozen, read-only or out of connections: answers come in a bounded time, what was
// acknowledged stays, and the store goes on by itself afterwards.
#include "lib/adapters/mysql/database.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace muster::mysql::test {
namespace {

/// What one statement, a connection attempt and some waiting may take together, with deadlines of a second or
/// two.
constexpr std::chrono::seconds bound{20};
constexpr const char* short_deadlines = "statement_timeout=2s&connect_timeout=1s";

void kill_connections(MysqlServer& server) {
  const std::string kills = server.execute(
      "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = 'muster'");
  // One may have gone by itself in between.
  for (std::size_t at = 0; at < kills.size();) {
    const std::size_t end = kills.find('\n', at);
    try {
      server.execute(kills.substr(at, end - at));
    } catch (const std::exception&) {
    }
    at = end + 1;
  }
}

}  // namespace

TEST_CASE("a connection that is killed inside a unit: the unit runs again and is kept once") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database)));
  int runs = 0;
  int called = 0;
  const Status status = store->write([&](ports::Unit& unit) -> Status {
    ++runs;
    unit.after_commit([&] { ++called; });
    MUSTER_CHECK_OK(unit.meta().put("a", std::to_string(runs)));
    if (runs == 1) kill_connections(server);
    return unit.meta().put("b", std::to_string(runs));
  });
  INFO((status ? "" : status.error().message + " / " + status.error().detail));
  CHECK(status);
  CHECK(runs == 2);
  CHECK(called == 1);
  CHECK(get(*store, "a") == "2");
  CHECK(get(*store, "b") == "2");
  CHECK(store->counters().writes_run_again == 1);
  CHECK(store->health().writable);
}

TEST_CASE("connections that were killed while idle disturb nobody") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database)));
  REQUIRE(put(*store, "a", "1"));
  REQUIRE(get(*store, "a") == "1");
  for (int i = 0; i < 3; ++i) {
    kill_connections(server);
    CHECK(get(*store, "a") == std::to_string(i + 1));
    CHECK(put(*store, "a", std::to_string(i + 2)));
  }
  CHECK(store->counters().writes_run_again == 0);
}

TEST_CASE("a frozen server: answers in a bounded time, and all is well when it goes on") {
  MysqlServer server(ServerKind::mariadb);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database, short_deadlines)));
  REQUIRE(put(*store, "a", "1"));
  REQUIRE(get(*store, "a") == "1");
  server.freeze();
  const Stopwatch stopwatch;
  const Status refused = put(*store, "a", "2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().detail.find(options_for(server.dsn(database)).dsn.endpoint()) != std::string::npos);
  const Status unread = try_read(*store);
  REQUIRE_FALSE(unread);
  CHECK(unread.error().code == ErrorCode::unavailable);
  CHECK(stopwatch.elapsed() < bound);
  CHECK_FALSE(store->health().writable);
  CHECK(store->health().reason == "the database cannot be reached; try again");
  server.thaw();
  CHECK(eventually([&] { return put(*store, "a", "3").has_value(); }));
  CHECK(get(*store, "a") == "3");
  CHECK(store->health().writable);
}

TEST_CASE("a commit whose outcome is unknown is not acknowledged and not run again") {
  MysqlServer server(ServerKind::mariadb);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database, short_deadlines)));
  int runs = 0;
  const Status status = store->write([&](ports::Unit& unit) -> Status {
    ++runs;
    MUSTER_CHECK_OK(unit.meta().put("a", "1"));
    server.freeze();
    return {};
  });
  server.thaw();
  REQUIRE_FALSE(status);
  CHECK(status.error().code == ErrorCode::unavailable);
  CHECK(status.error().message.find("it may have been kept or not") != std::string::npos);
  CHECK(status.error().detail.find("the outcome of the commit is unknown") != std::string::npos);
  CHECK(runs == 1);
  CHECK(eventually([&] { return put(*store, "b", "1").has_value(); }));
}

TEST_CASE("a server that is killed and started again: what was acknowledged is there") {
  MysqlServer server(ServerKind::mariadb, {"--innodb-flush-log-at-trx-commit=1"});
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database, short_deadlines)));
  constexpr int writers = 4;
  std::atomic<bool> stop{false};
  std::atomic<int> total{0};
  std::vector<std::vector<std::string>> kept(writers);
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; !stop; ++n) {
        const std::string key = std::to_string(i) + ":" + std::to_string(n);
        if (!put(*store, key, key)) continue;
        kept[static_cast<std::size_t>(i)].push_back(key);
        ++total;
      }
    });
  const auto more = [&](int count) {
    return eventually([&, enough = total + count] { return total >= enough; });
  };
  CHECK(more(100));
  for (int round = 0; round < 2; ++round) {
    server.kill();
    server.start();
    CHECK(more(50));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (const auto& keys : kept)
    for (const std::string& key : keys) {
      INFO(key);
      REQUIRE(get(*store, key) == key);
    }
}

TEST_CASE("a server that becomes read-only: reads go on, changes are refused until it can be written") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database)));
  REQUIRE(put(*store, "a", "1"));
  server.execute("SET GLOBAL read_only = ON");
  const Status refused = put(*store, "a", "2");
  const auto seen = get(*store, "a");
  const bool writable = store->health().writable;
  server.execute("SET GLOBAL read_only = OFF");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  CHECK(refused.error().message == "the database is read-only");
  CHECK(seen == "1");
  CHECK_FALSE(writable);
  CHECK(eventually([&] { return put(*store, "a", "3").has_value(); }));
}

TEST_CASE("reads wait a bounded time for a connection, and it is counted") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database, "connections_max=1&connection_wait=1s")));
  Status second;
  const Stopwatch stopwatch;
  CHECK(store->read([&](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.meta().get("a"));
    std::thread other([&] { second = try_read(*store); });
    other.join();
    CHECK(store->counters().readers_in_use == 1);
    return {};
  }));
  CHECK(stopwatch.elapsed() < bound);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::overloaded);
  CHECK(store->counters().reads_waited == 1);
  CHECK(store->counters().read_wait >= std::chrono::seconds(1));
  CHECK(store->counters().readers_in_use == 0);
}

TEST_CASE("idle connections beyond the minimum are closed by maintenance, and opened again when needed") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  const auto store =
      open_store(options_for(server.dsn(database, "connections_max=4&connections_idle_min=1")));
  const std::string connections =
      "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '" + database + "'";
  std::function<Status(int)> nested = [&](int depth) -> Status {
    return store->read([&](ports::Unit& unit) -> Status {
      MUSTER_CHECK_OK(unit.meta().get("a"));
      return depth == 1 ? Status() : nested(depth - 1);
    });
  };
  REQUIRE(nested(4));
  CHECK(server.execute(connections) == "5\n");
  REQUIRE(store->maintain());
  CHECK(eventually([&] { return server.execute(connections) == "2\n"; }));
  REQUIRE(nested(4));
  CHECK(server.execute(connections) == "5\n");
}

TEST_CASE("values of any size and any bytes come back as they were") {
  SERVER_UNDER_TEST(server);
  const auto store = open_store(options_for(server.dsn(server.create_database())));
  for (const std::size_t size : {0U, 1U, 255U, 256U, 257U, 65'536U, 2'000'000U, 3U}) {
    std::string value(size, '\0');
    for (std::size_t i = 0; i < size; ++i) value[i] = static_cast<char>(i * 7 % 251);
    REQUIRE(put(*store, "a", value));
    const auto read = get(*store, "a");
    CHECK((read == value));
  }
  // Bytes tell names apart: case, accents and spaces at the end too.
  for (const char* name : {"ada", "Ada", "\u00e1da", "ada ", "a\xff"}) REQUIRE(put(*store, name, name));
  for (const char* name : {"ada", "Ada", "\u00e1da", "ada ", "a\xff"}) CHECK(get(*store, name) == name);
}

TEST_CASE("backups are the server's own business") {
  SERVER_UNDER_TEST(server);
  const auto store = open_store(options_for(server.dsn(server.create_database())));
  for (const Status& status : {store->backup("/tmp/x", {}), store->verify_backup("/tmp/x")}) {
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::precondition_failed);
    CHECK(status.error().message.find("the server's own tools") != std::string::npos);
  }
}

}  // namespace muster::mysql::test
