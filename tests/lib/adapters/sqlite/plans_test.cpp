// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/plans.hpp"

#include "adapters/sqlite/driver.hpp"
#include "lib/adapters/sqlite/database.hpp"
#include "support/captured_log.hpp"

#include <algorithm>
#include <set>

#include <sqlite3.h>

namespace muster::sqlite::test {
namespace {

/// The lines of the plan, joined.
std::string plan_of(SqliteConnection& connection, const char* text) {
  sqlite3_stmt* statement = nullptr;
  const std::string explain = "EXPLAIN QUERY PLAN " + std::string(text);
  INFO(text);
  REQUIRE(sqlite3_prepare_v2(connection.handle(), explain.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  std::string plan;
  while (sqlite3_step(statement) == SQLITE_ROW)
    plan += std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3))) + "\n";
  sqlite3_finalize(statement);
  return plan;
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every statement reaches its rows by a key or an index and sorts nothing") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  open_store(options).reset();
  const auto connection = SqliteConnection::open(options.path, ConnectionKind::reader, 1000, 2000);
  REQUIRE(connection);
  for (const sql::StatementText& each : sql::all_statements()) {
    const std::string plan = plan_of(**connection, each.text);
    INFO(each.text << "\n" << plan);
    const auto allowed = sql::allowed_scans();
    const bool may_scan = std::any_of(allowed.begin(), allowed.end(), [&](const auto& exception) {
      return exception.statement == each.name;
    });
    const bool scans = mentions(plan, "SCAN") && !mentions(plan, "CONSTANT ROW");
    CHECK(scans == may_scan);
    // The keys are few, and listed by age.
    if (each.name != sql::Sql::key_all) CHECK_FALSE(mentions(plan, "TEMP B-TREE"));
    // The list of what each index is there for says what SQLite does.
    const sql::Index* const index = sql::index_for(each.name);
    if (index == nullptr) CHECK_FALSE(mentions(plan, "USING INDEX "));
    if (index != nullptr) CHECK(mentions(plan, std::string("INDEX ") + index->name + " ("));
  }
  for (const sql::StatementText& each : sql::all_statements()) {
    if (each.row == nullptr) continue;
    std::string plan = plan_of(**connection, sql::text_of(each.name, sql::rows_max));
    INFO(each.text << "\n" << plan);
    // The rows of VALUES itself.
    const std::size_t values = plan.find("CONSTANT ROWS");
    if (values != std::string::npos) plan.erase(plan.rfind("SCAN", values), values);
    CHECK_FALSE(mentions(plan, "SCAN"));
    CHECK_FALSE(mentions(plan, "TEMP B-TREE"));
  }
  for (const sql::NamedText& each : driver_statements()) {
    const std::string plan = plan_of(**connection, each.text);
    INFO(each.text << "\n" << plan);
    CHECK(mentions(plan, "SEARCH"));
    CHECK_FALSE(mentions(plan, "SCAN"));
  }
}

TEST_CASE("the list of indexes is what the schema has") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  open_store(options).reset();
  const auto connection = SqliteConnection::open(options.path, ConnectionKind::reader, 1000, 2000);
  REQUIRE(connection);
  const auto names =
      (*connection)->values_of("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
  REQUIRE(names);
  std::set<std::string> listed;
  for (const sql::Index& each : sql::indexes()) listed.insert(each.name);
  CHECK(listed == std::set<std::string>(names->begin(), names->end()));
}

namespace {

/// Requires that it can be examined.
ports::Examination examination_of(ports::Store& store) {
  auto found = store.examine();
  REQUIRE(found);
  return std::move(*found);
}

}  // namespace

TEST_CASE("an examination finds nothing wrong with a fresh database, whatever SQLite was told of its size") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  const auto store = open_store(options);
  for (const bool analyzed : {false, true}) {
    if (analyzed) {
      const auto connection = SqliteConnection::open(options.path, ConnectionKind::writer, 1000, 2000);
      REQUIRE(connection);
      REQUIRE((*connection)->execute("ANALYZE"));
    }
    const ports::Examination found = examination_of(*store);
    for (const ports::PlanFault& each : found.faults) UNSCOPED_INFO(each.statement << ": " << each.problem);
    CHECK(found.faults.empty());
    CHECK(found.engine.starts_with("SQLite 3."));
    CHECK(found.schema_version == found.schema_newest);
    CHECK(found.schema_version >= 3);
    CHECK(found.statements > static_cast<std::int64_t>(sql::Sql::count));
  }
}

TEST_CASE("an examination names each statement that an index is missing for, and what makes it again") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  const auto store = open_store(options);
  const auto connection = SqliteConnection::open(options.path, ConnectionKind::writer, 1000, 2000);
  REQUIRE(connection);
  for (const sql::Index& index : sql::indexes()) {
    INFO(index.name);
    REQUIRE((*connection)->execute(std::string("DROP INDEX ") + index.name));
    const ports::Examination found = examination_of(*store);
    std::set<std::string> expected;
    for (const sql::StatementText& each : sql::all_statements())
      if (sql::index_for(each.name) == &index) expected.insert(std::string(sql::name_of(each.name)));
    std::set<std::string> named;
    for (const ports::PlanFault& each : found.faults) {
      named.insert(each.statement);
      CHECK(each.table == index.table);
      CHECK(mentions(each.problem, "is missing"));
    }
    CHECK_FALSE(expected.empty());
    CHECK(named == expected);
    REQUIRE((*connection)->execute(found.faults.front().remedy));
    CHECK(examination_of(*store).faults.empty());
  }
}

TEST_CASE("an examination tells of a table that is not there and of a schema of another version") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  const auto store = open_store(options);
  const auto connection = SqliteConnection::open(options.path, ConnectionKind::writer, 1000, 2000);
  REQUIRE(connection);
  REQUIRE((*connection)->execute("DROP TABLE taken; PRAGMA user_version = 99"));
  const ports::Examination found = examination_of(*store);
  CHECK(found.schema_version == 99);
  CHECK(found.schema_newest < 99);
  REQUIRE_FALSE(found.faults.empty());
  for (const ports::PlanFault& each : found.faults) {
    CHECK(each.statement.starts_with("taken_"));
    CHECK(mentions(each.problem, "no such table: taken"));
  }
}

TEST_CASE("a slow statement is logged with the file and its plan, and never with a value") {
  const Folder folder;
  SqliteOptions options = options_for(folder);
  options.slow_from = std::chrono::microseconds(1);
  const muster::test::CapturedLog captured;
  {
    const auto store = open_store(options);
    REQUIRE(put(*store, "a-name-of-somebody", "a-secret"));
    CHECK(get(*store, "a-name-of-somebody") == "a-secret");
    CHECK(captured.awaits("; database " + options.path + "; plan: SEARCH meta USING PRIMARY KEY (name=?)"));
    CHECK(captured.awaits("slow statement meta_put took "));
    CHECK(captured.awaits("slow statement commit took "));
    CHECK(store->counters().slow_statements >= 3);
  }
  CHECK(captured.text().find("a-name-of-somebody") == std::string::npos);
  CHECK(captured.text().find("a-secret") == std::string::npos);
}

TEST_CASE("the lists that grow with the number of users use the index made for them") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  open_store(options).reset();
  const auto connection = SqliteConnection::open(options.path, ConnectionKind::reader, 1000, 2000);
  REQUIRE(connection);
  const auto plan = [&](sql::Sql name) {
    return plan_of(**connection, sql::all_statements()[static_cast<std::size_t>(name)].text);
  };
  CHECK(mentions(plan(sql::Sql::user_page_status), "users_by_status (status=? AND rowid>?)"));
  CHECK(mentions(plan(sql::Sql::user_bucket_page),
                 "COVERING INDEX users_by_created (created_bucket=? AND id>?)"));
  CHECK(mentions(plan(sql::Sql::user_bucket_next), "COVERING INDEX users_by_created (created_bucket>?)"));
  CHECK(mentions(plan(sql::Sql::session_first), "sessions_by_user (user_id=? AND revoked_at=?)"));
  CHECK(mentions(plan(sql::Sql::session_after),
                 "sessions_by_user (user_id=? AND revoked_at=? AND created_at<?)"));
  CHECK(mentions(plan(sql::Sql::session_rotate), "PRIMARY KEY (user_id=? AND random=?)"));
  CHECK(mentions(plan(sql::Sql::session_purge_find), "sessions_by_death (dead_hour<?)"));
  CHECK(mentions(plan(sql::Sql::grant_members), "grants_by_role (role=? AND user_id>?)"));
  CHECK(mentions(plan(sql::Sql::grant_purge_find), "grants_by_expiry (expires_at<?)"));
  CHECK(mentions(plan(sql::Sql::audit_list_target), "audit_by_target (target=? AND rowid>?)"));
}

}  // namespace muster::sqlite::test
