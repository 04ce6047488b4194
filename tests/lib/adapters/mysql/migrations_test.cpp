// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/migrations.hpp"

#include "lib/adapters/mysql/database.hpp"
#include "ports/user_store.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace muster::mysql::test {
TEST_CASE("many that start at once migrate once, and what is there is not touched again") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  Endpoint endpoint(options_for(server.dsn(database)).dsn, Secret(), Writers::several);
  std::vector<Status> done(6);
  std::vector<std::thread> threads;
  for (Status& each : done) threads.emplace_back([&] { each = migrate(endpoint); });
  for (std::thread& thread : threads) thread.join();
  for (const Status& each : done) {
    INFO((each ? "" : each.error().message + " / " + each.error().detail));
    CHECK(each);
  }
  CHECK(server.execute("SELECT COUNT(*), MAX(version) FROM muster_schema", database) ==
        std::to_string(newest_schema_version()) + "\t" + std::to_string(newest_schema_version()) + "\n");
  CHECK(server.execute("SELECT COUNT(*), MIN(slot), MAX(slot) FROM slot_state WHERE state = 'OWNED'",
                       database) == "4096\t0\t4095\n");
  server.execute("UPDATE slot_state SET seq = 7 WHERE slot = 3", database);
  CHECK(migrate(endpoint));
  CHECK(server.execute("SELECT seq FROM slot_state WHERE slot = 3", database) == "7\n");
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("a step that was cut off is run again from its start") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  Endpoint endpoint(options_for(server.dsn(database)).dsn, Secret(), Writers::several);
  REQUIRE(migrate(endpoint));
  server.execute(
      "DELETE FROM muster_schema; DROP TABLE meta; DROP TABLE grants; DELETE FROM slot_state WHERE slot > "
      "99; "
      "DELETE FROM counters WHERE name = 'audit'",
      database);
  REQUIRE(migrate(endpoint));
  CHECK(server.execute("SELECT COUNT(*) FROM slot_state; SELECT COUNT(*) FROM counters; SELECT COUNT(*) FROM "
                       "meta; SELECT COUNT(*) FROM grants",
                       database) == "4096\n7\n0\n0\n");
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("a newer schema and another program's database are refused and left as they were") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  open_store(options_for(server.dsn(database))).reset();
  server.execute(
      "INSERT INTO muster_schema (version, description, works_from) VALUES (1000, 'of the future', 1000)",
      database);
  const Error newer = open_error(options_for(server.dsn(database)));
  CHECK(newer.code == ErrorCode::conflict);
  CHECK(newer.message == options_for(server.dsn(database)).dsn.endpoint() +
                             ": has schema version 1000, this program knows up to " +
                             std::to_string(newest_schema_version()) +
                             "; run the newer musterd that wrote it");
  const std::string foreign = server.create_database();
  server.execute("CREATE TABLE users (id INT)", foreign);
  const Error other = open_error(options_for(server.dsn(foreign)));
  CHECK(other.code == ErrorCode::conflict);
  CHECK(other.message.find("is a database of another program") != std::string::npos);
  CHECK(server.execute("SHOW TABLES", foreign) == "users\n");
  server.execute("DROP DATABASE " + database + "; DROP DATABASE " + foreign);
}

TEST_CASE("a program of the version before works on while the schema grows, and is started again on it") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  const MysqlOptions options = options_for(server.dsn(database));
  auto store = open_store(options);
  const auto add_user = [&](std::int64_t number) {
    return store->write([&](ports::Unit& unit) {
      model::User user;
      user.id = UserId{number};
      user.username = "user" + std::to_string(number);
      return unit.users().create(user, user.username, model::Credential{Secret("hash"), Time()});
    });
  };
  REQUIRE(add_user(1));
  const std::string next = std::to_string(newest_schema_version() + 1);
  std::atomic<bool> stop{false};
  std::vector<Status> failed;
  std::thread writer([&] {
    for (std::int64_t number = 2; number < 20'000 && !stop; ++number)
      if (Status status = add_user(number); !status) failed.push_back(status);
  });
  server.execute(
      "ALTER TABLE users ADD COLUMN nickname VARBINARY(100), ADD KEY users_by_nickname (nickname), "
      "ALGORITHM=INPLACE, LOCK=NONE;"
      "CREATE TABLE nicknames (id BIGINT PRIMARY KEY) ENGINE=InnoDB;"
      "INSERT INTO muster_schema (version, description, works_from) VALUES (" +
          next + ", 'nicknames', " + std::to_string(newest_schema_version()) + ")",
      database);
  stop = true;
  writer.join();
  CHECK(failed.empty());
  store.reset();
  store = open_store(options);
  CHECK(add_user(1'000'000));
  store.reset();
  CHECK(server.execute("SELECT MAX(version) FROM muster_schema", database) == next + "\n");
  // Once what it needs is to go, it is told so.
  server.execute("INSERT INTO muster_schema (version, description, works_from) VALUES (" + next +
                     " + 1, 'fewer columns', " + next + ")",
                 database);
  CHECK(open_error(options).message.find("this program knows up to") != std::string::npos);
  server.execute("DROP DATABASE " + database);
}

}  // namespace muster::mysql::test
