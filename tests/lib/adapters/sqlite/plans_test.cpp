// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/statements.hpp"
#include "adapters/sqlite/driver.hpp"
#include "lib/adapters/sqlite/database.hpp"

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
    CHECK(mentions(plan, "SCAN") == (each.access == sql::Access::whole_table));
    // The keys are few, and listed by age.
    if (each.name != sql::Sql::key_all) CHECK_FALSE(mentions(plan, "TEMP B-TREE"));
  }
  for (const char* text : driver_statements()) {
    const std::string plan = plan_of(**connection, text);
    INFO(text << "\n" << plan);
    CHECK(mentions(plan, "SEARCH"));
    CHECK_FALSE(mentions(plan, "SCAN"));
  }
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
