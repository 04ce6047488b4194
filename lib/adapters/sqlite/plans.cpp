// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/plans.hpp"

#include "adapters/sqlite/migrations.hpp"

#include <charconv>
#include <sstream>

#include <sqlite3.h>

namespace muster::sqlite {
namespace {

constexpr std::size_t plans_cache_kib = 512;
constexpr int plans_busy_timeout_ms = 2000;

std::int64_t number_in(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Of a line such as "SEARCH users USING INDEX users_by_status (status=? AND rowid>?)"; nothing for one that
/// reaches no table's rows.
std::optional<sql::TableAccess> access_of(const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  sql::TableAccess access;
  words >> verb >> access.table;
  if (verb != "SCAN" && verb != "SEARCH") return std::nullopt;
  if (line.find("CONSTANT ROW") != std::string::npos) return std::nullopt;
  access.scans = verb == "SCAN";
  access.remedy = "ANALYZE " + access.table;
  access.text = line;
  return access;
}

}  // namespace

Result<std::unique_ptr<SqlitePlans>> SqlitePlans::open(const std::string& path) {
  MUSTER_TRY(auto connection,
             SqliteConnection::open(path, ConnectionKind::reader, plans_cache_kib, plans_busy_timeout_ms));
  MUSTER_CHECK_OK(connection->execute("PRAGMA query_only = ON"));
  MUSTER_TRY(const std::string statistics,
             connection->value_of("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'sqlite_stat1'"));
  return std::unique_ptr<SqlitePlans>(new SqlitePlans(std::move(connection), number_in(statistics) != 0));
}

Result<std::vector<sql::TableAccess>> SqlitePlans::plan_of(const std::string& text) {
  const std::string explain = "EXPLAIN QUERY PLAN " + text;
  sqlite3_stmt* statement = nullptr;
  if (const int status = sqlite3_prepare_v2(connection_->handle(), explain.c_str(), -1, &statement, nullptr);
      status != SQLITE_OK)
    return fail(connection_->error_of(status));
  constexpr int detail_column = 3;
  std::vector<sql::TableAccess> plan;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const auto* const detail = sqlite3_column_text(statement, detail_column);
    const std::string line = detail == nullptr ? "" : reinterpret_cast<const char*>(detail);
    if (auto access = access_of(line)) {
      // It never scans where an index serves, unless it was told how many rows there are.
      access->could_search = has_statistics_;
      plan.push_back(std::move(*access));
    } else if (line.starts_with("USE TEMP B-TREE") && !plan.empty()) {
      plan.back().sorts = true;
      plan.back().text += ", " + line;
    }
  }
  sqlite3_finalize(statement);
  return plan;
}

Result<bool> SqlitePlans::has_index(const sql::Index& index) {
  // Names are of the program's own list.
  MUSTER_TRY(const auto names, connection_->values_of("SELECT name FROM pragma_index_list('" +
                                                      std::string(index.table) + "')"));
  for (const std::string& name : names) {
    MUSTER_TRY(const std::string columns,
               connection_->value_of("SELECT group_concat(name, ', ') FROM (SELECT name FROM "
                                     "pragma_index_info('" +
                                     name + "') ORDER BY seqno)"));
    if ((columns + ",").starts_with(std::string(index.columns) + ",")) return true;
  }
  return false;
}

Result<bool> SqlitePlans::has_at_most(const std::string& table, std::int64_t rows) {
  MUSTER_TRY(const std::string counted,
             connection_->value_of("SELECT COUNT(*) FROM (SELECT 1 FROM \"" + table + "\" LIMIT " +
                                   std::to_string(rows + 1) + ")"));
  return number_in(counted) <= rows;
}

sql::SlowLog::Explain explanations_of(std::string path) {
  return [path = std::move(path)](const std::string& text) -> std::string {
    const auto plans = SqlitePlans::open(path);
    if (!plans) return plans.error().message;
    const auto plan = (*plans)->plan_of(text);
    return plan ? sql::text_of(*plan) : plan.error().message + ": " + plan.error().detail;
  };
}

Result<ports::Examination> SqlitePlans::examine() {
  const auto own = driver_statements();
  MUSTER_TRY(ports::Examination found, sql::examine_plans(*this, own));
  MUSTER_TRY(const std::string version, connection_->value_of("PRAGMA user_version"));
  found.engine = std::string("SQLite ") + sqlite3_libversion();
  found.schema_version = number_in(version);
  found.schema_newest = newest_schema_version();
  return found;
}

}  // namespace muster::sqlite
