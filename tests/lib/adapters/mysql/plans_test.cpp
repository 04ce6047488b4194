// SPDX-License-Identifier: Apache-2.0
// Looks at the server's plan of every statement, over tables with enough rows for an index to pay.
#include "adapters/mysql/driver.hpp"
#include "adapters/sql/statements.hpp"
#include "lib/adapters/mysql/database.hpp"

#include <regex>
#include <set>

namespace muster::mysql::test {
namespace {

constexpr int rows = 3000;

const std::set<std::string> columns_of_bytes{"name",   "value",   "role",         "parent",
                                             "other",  "random",  "actor",        "operation",
                                             "target", "id_text", "refresh_hash", "request_hash"};

/// The statement with a value in the place of each ?, such as is rare in the tables.
std::string with_values(std::string text) {
  const bool text_id = text.find("signing_keys") != std::string::npos;
  static const std::regex place(R"((\w+) (=|<|>|<=|>=) \?|\?)");
  std::string out;
  std::smatch found;
  while (std::regex_search(text, found, place)) {
    const std::string column = found[1];
    const std::string compared = found[2];
    const bool bytes = columns_of_bytes.contains(column)
                           ? text.find("counters SET") == std::string::npos || column != "value"
                           : column == "id" && text_id;
    // The far end of a range, so that few rows are in it.
    const std::string value = compared.starts_with(">") ? bytes ? "'r2990'" : "2990" : bytes ? "'r10'" : "10";
    out += std::string(found.prefix()) + (column.empty() ? "" : column + " " + compared + " ") + value;
    text = found.suffix();
  }
  return out + text;
}

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

struct PlanLine {
  std::string table;
  std::string type;
  std::string key;
  std::string extra;
};

std::vector<PlanLine> plan_of(MYSQL* handle, const std::string& text) {
  const std::string explain = "EXPLAIN " + text;
  REQUIRE(mysql_query(handle, explain.c_str()) == 0);
  MYSQL_RES* const result = mysql_store_result(handle);
  REQUIRE(result != nullptr);
  // MySQL has two columns more than MariaDB: partitions and filtered.
  const unsigned int columns = mysql_num_fields(result);
  const unsigned int shift = columns == 12 ? 1 : 0;
  std::vector<PlanLine> plan;
  while (const MYSQL_ROW row = mysql_fetch_row(result)) {
    const auto cell = [&](unsigned int column) { return std::string(row[column] ? row[column] : "NULL"); };
    plan.push_back({cell(2), cell(3 + shift), cell(5 + shift), cell(columns - 1)});
  }
  mysql_free_result(result);
  return plan;
}

}  // namespace

TEST_CASE("every statement reaches its rows by a key or an index and sorts nothing, on the servers too") {
  SERVER_UNDER_TEST(server);
  const std::string database = server.create_database();
  open_store(options_for(server.dsn(database))).reset();
  fill(server, database);
  // With the session's settings as the store has them.
  Endpoint endpoint(options_for(server.dsn(database)).dsn, Secret(), Writers::several);
  ConnectFailure failure;
  const Handle handle = endpoint.connect(ConnectionKind::setup, failure).handle;
  REQUIRE(handle);
  std::vector<sql::StatementText> all(sql::all_statements().begin(), sql::all_statements().end());
  for (const char* text : driver_statements()) all.push_back({sql::Sql::count, text});
  std::size_t looked_at = 0;
  for (const sql::StatementText& each : all) {
    const std::string text = with_values(each.text);
    if (text.starts_with("INSERT") || text.starts_with("REPLACE")) continue;
    INFO(text);
    for (const PlanLine& line : plan_of(handle.get(), text)) {
      INFO(line.table << " " << line.type << " " << line.key << " " << line.extra);
      const bool none = line.type == "NULL";  // answered from the index's ends, or by a key that is not there
      const bool scans = line.type == "ALL" || line.type == "index";
      CHECK((none || scans == (each.access == sql::Access::whole_table)));
      if (each.access == sql::Access::indexed) CHECK(line.extra.find("filesort") == std::string::npos);
      CHECK(line.extra.find("temporary") == std::string::npos);
    }
    ++looked_at;
  }
  CHECK(looked_at > 60);
  server.execute("DROP DATABASE " + database);
}

}  // namespace muster::mysql::test
