// SPDX-License-Identifier: Apache-2.0
// Looks at the server's plan of every statement, over tables with enough rows for an index to pay.
#include "adapters/mysql/plans.hpp"

#include "adapters/mysql/driver.hpp"
#include "lib/adapters/mysql/database.hpp"
#include "ports/user_store.hpp"
#include "support/captured_log.hpp"

#include <set>
#include <sstream>
#include <thread>

namespace muster::mysql::test {
namespace {

using muster::test::CapturedLog;

constexpr int rows = 3000;

/// The row with i in the place of each # and a text in the place of each $.
std::string row_of(const std::string& pattern, int i) {
  std::string out = "(";
  for (const char c : pattern) {
    if (c == '#')
      out += std::to_string(i);
    else if (c == '$')
      out += "'r" + std::to_string(i) + "'";
    else
      out += c;
  }
  return out + ")";
}

void fill(MysqlServer& server, const std::string& database) {
  std::string sql;
  const auto insert = [&](const std::string& table, const std::string& pattern) {
    sql += "REPLACE INTO " + table + " VALUES ";
    for (int i = 0; i < rows; ++i) sql += (i == 0 ? "" : ",") + row_of(pattern, i);
    sql += ";\n";
  };
  insert("users", "#, $, NULL, $, $, $, # % 100, '{}', #, #, #, #");
  insert("user_names", "# % 3, $, #, #, NULL");
  insert("credentials", "#, $, #, #");
  insert("user_revocations", "#, #, #, #");
  insert("sessions", "# % 300, $, #, #, #, $, $, $, $, #, #, NULL, #, #");
  insert("roles", "$, $, 0, #");
  insert("role_permissions", "$, $");
  insert("role_parents", "$, $");
  insert("role_exclusions", "$, $");
  insert("grants", "#, $, $, #, #, $, #");
  insert("revocations", "#, #, $, #, #, #, $");
  insert("signing_keys", "$, 1, 1, #, #, #, #, $");
  insert("audit", "#, #, $, $, $, $, $, $, $, $, $, #");
  insert("idempotency", "$, $, $, #");
  insert("jobs", "#, $, 1, $, #, #, $, $, $, #, #, #");
  insert("meta", "$, $");
  insert("name_guards", "#, #, # % 3, $, # % 3");
  insert("outbox", "# + 1, #, $");
  insert("taken", "#");
  insert("shards", "#, $, $, #");
  insert("slot_map", "#, #, 1");
  insert("counters", "$, #");
  insert("change_log", "# + 1, #, #, #, 1");
  sql +=
      "ANALYZE TABLE users, user_names, credentials, user_revocations, sessions, roles, role_permissions, "
      "role_parents, role_exclusions, grants, revocations, signing_keys, audit, idempotency, jobs, meta, "
      "counters, change_log, slot_state, name_guards, outbox, taken, shards, slot_map;";
  server.execute(sql, database);
}

/// Requires that it can be examined.
ports::Examination examination_of(ports::Store& store) {
  auto found = store.examine();
  if (!found) FAIL(found.error().message << " " << found.error().detail);
  return std::move(*found);
}

std::set<std::string> statements_in(const std::vector<ports::PlanFault>& faults) {
  std::set<std::string> names;
  for (const ports::PlanFault& each : faults) names.insert(each.statement);
  return names;
}

std::set<std::string> statements_of(const sql::Index& index) {
  std::set<std::string> names;
  for (const sql::StatementText& each : sql::all_statements())
    if (sql::index_for(each.name) == &index) names.insert(std::string(sql::name_of(each.name)));
  return names;
}

}  // namespace

TEST_CASE("every statement reaches its rows by a key or an index and sorts nothing, on the servers too") {
  SERVER_UNDER_TEST(server);
  const bool filled = GENERATE(false, true);
  const bool partitioned = GENERATE(false, true);
  INFO((filled ? "with thousands of rows" : "empty") << (partitioned ? ", partitioned" : ""));
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database)));
  if (partitioned) partition_tables(server, database);
  if (filled) fill(server, database);
  const ports::Examination found = examination_of(*store);
  for (const ports::PlanFault& each : found.faults)
    UNSCOPED_INFO(each.statement << " " << each.table << ": " << each.problem);
  CHECK(found.faults.empty());
  CHECK(found.statements > static_cast<std::int64_t>(sql::Sql::count));
  CHECK(found.engine.starts_with(server_kind == ServerKind::mariadb ? "MariaDB 10." : "MySQL 5.7."));
  CHECK(found.schema_version == found.schema_newest);
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("with thousands of rows, servers choose the index that a statement is said to need") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  open_store(options_for(server.dsn(database))).reset();
  fill(server, database);
  Endpoint endpoint(options_for(server.dsn(database)).dsn, Secret(), Writers::several);
  const auto plans = MysqlPlans::open(endpoint);
  REQUIRE(plans);
  for (const sql::StatementText& each : sql::all_statements()) {
    const sql::Index* const index = sql::index_for(each.name);
    if (index == nullptr) continue;
    const auto plan = (*plans)->plan_of(each.text);
    REQUIRE(plan);
    INFO(sql::name_of(each.name) << ": " << sql::text_of(*plan));
    // Of a key that nobody has, the primary key tells as soon.
    const bool by_index = sql::text_of(*plan).find(std::string("by ") + index->name) != std::string::npos;
    const bool by_key = sql::text_of(*plan).find("by PRIMARY") != std::string::npos;
    CHECK((by_index || (by_key && each.name != sql::Sql::grant_count)));
  }
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("the list of indexes is what the schema on servers has") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  open_store(options_for(server.dsn(database))).reset();
  std::istringstream names(
      server.execute("SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = '" +
                     database + "' AND index_name <> 'PRIMARY' AND table_name <> 'shards'"));
  std::set<std::string> there;
  for (std::string name; std::getline(names, name);) there.insert(name);
  std::set<std::string> listed;
  for (const sql::Index& each : sql::indexes()) listed.insert(each.name);
  CHECK(listed == there);
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("an index that is missing is found, with few rows and with many, and every statement named") {
  SERVER_UNDER_TEST(server);
  const bool filled = GENERATE(false, true);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database)));
  if (filled) fill(server, database);
  for (const sql::Index& index : sql::indexes()) {
    INFO(index.name);
    server.execute(std::string("ALTER TABLE ") + index.table + " DROP INDEX " + index.name, database);
    const auto faults = examination_of(*store).faults;
    CHECK(statements_in(faults) == statements_of(index));
    REQUIRE_FALSE(faults.empty());
    CHECK(faults.front().table == index.table);
    server.execute(faults.front().remedy, database);
    // Another name will do.
    const std::string again = std::string("ADD KEY other_") + index.name + " (" + index.columns + ")";
    server.execute(std::string("ALTER TABLE ") + index.table + " " + again + ", DROP KEY " + index.name,
                   database);
    CHECK(examination_of(*store).faults.empty());
  }
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("a table without its primary key is read as a whole, which is said of an empty one too") {
  SERVER_UNDER_TEST(server);
  const bool filled = GENERATE(false, true);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database)));
  if (filled) fill(server, database);
  server.execute("ALTER TABLE credentials DROP PRIMARY KEY", database);
  const auto faults = examination_of(*store).faults;
  CHECK(statements_in(faults) == std::set<std::string>{"credential_find", "credential_delete"});
  for (const ports::PlanFault& each : faults) {
    CHECK(each.table == "credentials");
    CHECK(each.problem.find("reads the whole table: no key or index serves it") == 0);
  }
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("a database that a newer program has changed is told, and a table that is gone") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  const auto store = open_store(options_for(server.dsn(database)));
  server.execute(
      "INSERT INTO muster_schema (version, description) VALUES (99, 'of the future'); DROP TABLE taken",
      database);
  const ports::Examination found = examination_of(*store);
  CHECK(found.schema_version == 99);
  CHECK(found.schema_newest < 99);
  for (const ports::PlanFault& each : found.faults) {
    CHECK(each.statement.starts_with("taken_"));
    CHECK(each.problem.find("doesn't exist") != std::string::npos);
  }
  CHECK(found.faults.size() == 4);
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("a slow statement is logged with the database and its plan, and never with a value") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  MysqlOptions options = options_for(server.dsn(database));
  options.slow_from = std::chrono::microseconds(1);
  const CapturedLog captured;
  {
    const auto store = open_store(options);
    REQUIRE(put(*store, "a-name-of-somebody", "a-secret"));
    CHECK(get(*store, "a-name-of-somebody") == "a-secret");
    const Status listed = store->read([](ports::Unit& unit) -> Status {
      MUSTER_CHECK_OK(unit.users().list({}, std::nullopt, 10));
      return {};
    });
    CHECK(listed);
    const std::string where = "; database " + options.dsn.endpoint();
    CHECK(captured.awaits(where + "; plan: users: range by PRIMARY, "));
    CHECK(captured.awaits("slow statement meta_put took "));
    CHECK(captured.awaits("slow statement commit took "));
    CHECK(store->counters().slow_statements >= 3);
  }
  CHECK(captured.text().find("a-name-of-somebody") == std::string::npos);
  CHECK(captured.text().find("a-secret") == std::string::npos);
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("a statement that waited for a lock is told while the lock is still held") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  MysqlOptions options = options_for(server.dsn(database, "statement_timeout=4s"));
  options.slow_from = std::chrono::milliseconds(500);
  const CapturedLog captured;
  const auto store = open_store(options);
  REQUIRE(put(*store, "a", "1"));
  const std::string state = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'";
  std::thread other([&] {
    server.execute("BEGIN; UPDATE meta SET value = 'x' WHERE name = 'a'; DO SLEEP(3); ROLLBACK", database);
  });
  const bool is_locked = muster::test::eventually([&] { return server.execute(state) != "0\n"; });
  const Status waited = put(*store, "a", "2");
  const bool is_told = captured.awaits("slow statement meta_put took ");
  other.join();
  CHECK(is_locked);
  // The lock is waited for half as long as an answer.
  CHECK(is_told);
  CHECK(store->counters().slow_statements >= 1);
  if (!waited) CHECK(waited.error().code == ErrorCode::unavailable);
  server.execute("DROP DATABASE " + database);
}

TEST_CASE("in the place of parameters stand values that fit numbers and texts") {
  CHECK(with_sample_values("SELECT a FROM t WHERE a = ? AND b > ? AND c <= ? ORDER BY a LIMIT ?") ==
        "SELECT a FROM t WHERE a = 0x31 AND b > 0x7FFFFFFFFFFFFFF0 AND c <= 0x01 ORDER BY a LIMIT 10");
  CHECK(with_sample_values("SELECT a FROM t WHERE (a, b) IN ((?, ?), (?, ?))") ==
        "SELECT a FROM t WHERE (a, b) IN ((0x31, 0x32), (0x33, 0x34))");
}

}  // namespace muster::mysql::test
