// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/plans.hpp"

#include "adapters/mysql/driver.hpp"
#include "adapters/mysql/migrations.hpp"

#include <charconv>

namespace muster::mysql {
namespace {

std::int64_t number_in(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// What stands in the place of a parameter behind `before`.
std::string sample_behind(std::string_view before, std::size_t count) {
  while (before.ends_with(' ')) before.remove_suffix(1);
  if (before.ends_with("LIMIT")) return "10";
  // The far end of a range, so that few rows are in it.
  if (before.ends_with('>') || before.ends_with(">=")) return "0x7FFFFFFFFFFFFFF0";
  if (before.ends_with('<') || before.ends_with("<=")) return "0x01";
  // '1' to '9' or 49 to 57: those of a list differ.
  constexpr std::size_t digits = 9;
  return "0x3" + std::to_string(1 + count % digits);
}

/// One line of a plan. MySQL has two columns more than MariaDB: partitions and filtered.
std::optional<sql::TableAccess> access_of(const std::vector<std::string>& line) {
  constexpr std::size_t columns_of_mysql = 12;
  constexpr std::size_t columns_of_mariadb = 10;
  if (line.size() < columns_of_mariadb) return std::nullopt;
  const std::size_t shift = line.size() >= columns_of_mysql ? 1 : 0;
  const std::string& kind = line[1];
  const std::string& type = line[3 + shift];
  const std::string& usable = line[4 + shift];
  const std::string& key = line[5 + shift];
  const std::string& rows = line[8 + shift];
  const std::string& extra = line.back();
  sql::TableAccess access;
  access.table = line[2];
  // What is added to is not read; what the server makes for itself is not ours.
  if (kind == "INSERT" || kind == "REPLACE" || access.table.empty() || access.table.front() == '<')
    return std::nullopt;
  access.scans = type == "ALL" || type == "index";
  access.could_search = !usable.empty();
  access.sorts = extra.find("filesort") != std::string::npos || extra.find("temporary") != std::string::npos;
  access.remedy = "ANALYZE TABLE " + access.table;
  access.text = access.table + ": " + (type.empty() ? "nothing to read" : type) +
                (key.empty() ? "" : " by " + key) + (rows.empty() ? "" : ", about " + rows + " rows") +
                (extra.empty() ? "" : ", " + extra);
  return access;
}

}  // namespace

sql::SlowLog::Explain explanations_of(Endpoint& endpoint) {
  return [&endpoint](const std::string& text) -> std::string {
    const auto plans = MysqlPlans::open(endpoint);
    if (!plans) return plans.error().message;
    const auto plan = (*plans)->plan_of(text);
    return plan ? sql::text_of(*plan) : plan.error().message + ": " + plan.error().detail;
  };
}

std::string with_sample_values(const std::string& text) {
  std::string out;
  std::size_t count = 0;
  for (const char c : text) {
    if (c == '?')
      out += sample_behind(out, count++);
    else
      out += c;
  }
  return out;
}

Result<std::unique_ptr<MysqlPlans>> MysqlPlans::open(Endpoint& endpoint) {
  ConnectFailure failure;
  Link link = endpoint.connect(ConnectionKind::examiner, failure);
  if (!link.handle) return fail(std::move(failure.error));
  return std::unique_ptr<MysqlPlans>(new MysqlPlans(endpoint, std::move(link.handle)));
}

Error MysqlPlans::error_of_handle() const {
  const unsigned int number = mysql_errno(handle_.get());
  return error_of(failure_of(number),
                  endpoint_.name() + ": " + mysql_error(handle_.get()) + " (" + std::to_string(number) + ")");
}

Result<std::vector<MysqlPlans::Row>> MysqlPlans::rows_of(const std::string& statement) {
  if (mysql_real_query(handle_.get(), statement.data(), statement.size()) != 0)
    return fail(error_of_handle());
  MYSQL_RES* const result = mysql_store_result(handle_.get());
  if (result == nullptr) return fail(error_of_handle());
  std::vector<Row> rows;
  const unsigned int columns = mysql_num_fields(result);
  while (const MYSQL_ROW row = mysql_fetch_row(result)) {
    Row& out = rows.emplace_back();
    for (unsigned int i = 0; i < columns; ++i) out.emplace_back(row[i] == nullptr ? "" : row[i]);
  }
  mysql_free_result(result);
  return rows;
}

Result<std::vector<sql::TableAccess>> MysqlPlans::plan_of(const std::string& text) {
  MUSTER_TRY(const auto rows, rows_of("EXPLAIN " + with_sample_values(text)));
  std::vector<sql::TableAccess> plan;
  for (const Row& row : rows)
    if (auto access = access_of(row)) plan.push_back(std::move(*access));
  return plan;
}

Result<bool> MysqlPlans::has_index(const sql::Index& index) {
  if (indexes_.empty()) {
    MUSTER_TRY(const auto rows,
               rows_of("SELECT table_name, GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', ') "
                       "FROM information_schema.statistics WHERE table_schema = DATABASE() "
                       "GROUP BY table_name, index_name"));
    for (const Row& row : rows) indexes_.emplace(row[0], row[1]);
  }
  const auto [first, last] = indexes_.equal_range(index.table);
  for (auto each = first; each != last; ++each)
    if ((each->second + ",").starts_with(std::string(index.columns) + ",")) return true;
  return false;
}

Result<bool> MysqlPlans::has_at_most(const std::string& table, std::int64_t rows) {
  MUSTER_TRY(const auto counted, rows_of("SELECT COUNT(*) FROM (SELECT 1 FROM `" + table + "` LIMIT " +
                                         std::to_string(rows + 1) + ") AS few"));
  return number_in(counted.front().front()) <= rows;
}

Result<ports::Examination> MysqlPlans::examine() {
  const auto own = driver_statements();
  MUSTER_TRY(ports::Examination found, sql::examine_plans(*this, own));
  MUSTER_TRY(const auto version, rows_of("SELECT MAX(version) FROM muster_schema"));
  const std::string server = mysql_get_server_info(handle_.get());
  const bool is_mariadb = server.find("MariaDB") != std::string::npos;
  found.engine = (is_mariadb ? "MariaDB " : "MySQL ") + server.substr(0, server.find('-'));
  found.schema_version = number_in(version.front().front());
  found.schema_newest = newest_schema_version();
  return found;
}

}  // namespace muster::mysql
