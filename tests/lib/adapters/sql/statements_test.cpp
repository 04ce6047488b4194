// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/statements.hpp"

#include "adapters/sql/user_store.hpp"

#include <algorithm>
#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace muster::sql {
namespace {

Time at(std::int64_t seconds) {
  return Time{std::chrono::seconds(seconds)};
}

}  // namespace

TEST_CASE("the statements use nothing that only one database understands") {
  for (const StatementText& each : all_statements()) {
    const std::string text = each.text;
    INFO(text);
    for (const char* word : {"RETURNING", "ON CONFLICT", "ON DUPLICATE", "INSERT OR", "IGNORE", "PRAGMA",
                             "rowid", "||", "LAST_INSERT_ID", "FOR UPDATE", "IFNULL", "::"})
      CHECK(text.find(word) == std::string::npos);
    // Values are bound, never written out: no quotes, one statement.
    CHECK(text.find_first_of("'\";`") == std::string::npos);
  }
}

TEST_CASE("no two statements are the same, and none changes or drops a whole table") {
  std::set<std::string> texts;
  for (const StatementText& each : all_statements()) {
    const std::string text = each.text;
    INFO(text);
    CHECK(texts.insert(text).second);
    const bool changes = text.starts_with("UPDATE") || text.starts_with("DELETE");
    const bool adds = text.starts_with("INSERT") || text.starts_with("REPLACE");
    CHECK((changes || adds || text.starts_with("SELECT")));
    if (changes) CHECK(text.find(" WHERE ") != std::string::npos);
  }
  CHECK(texts.size() == static_cast<std::size_t>(Sql::count));
}

TEST_CASE("a statement for several rows has each row's place as often, and as many parameters more") {
  std::size_t several = 0;
  for (const StatementText& each : all_statements()) {
    if (each.row == nullptr) continue;
    ++several;
    const std::string row = each.row;
    const auto parameters = [](const std::string& text) { return std::count(text.begin(), text.end(), '?'); };
    for (std::size_t rows = 1; rows <= rows_max; rows *= 2) {
      const std::string text = text_of(each.name, rows);
      INFO(text);
      CHECK(parameters(text) - parameters(each.text) ==
            static_cast<std::ptrdiff_t>(rows - 1) * parameters(row));
      if (rows > 1) CHECK(text.find(row + each.between + row) != std::string::npos);
    }
  }
  CHECK(several > 8);
  CHECK(std::string(text_of(Sql::slot_places, 4)).ends_with(" IN (?, ?, ?, ?)"));
  CHECK(std::string(text_of(Sql::guard_delete, 2))
            .ends_with("(user_id = ? AND claim = ?) OR (user_id = ? AND claim = ?)"));
}

TEST_CASE("a bucket of creation is one day and one status") {
  constexpr std::int64_t day = 86'400;
  constexpr auto active = model::UserStatus::active;
  constexpr auto disabled = model::UserStatus::disabled;
  CHECK(created_bucket(at(0), active) == created_bucket(at(day - 1), active));
  CHECK(created_bucket(at(day - 1), active) < created_bucket(at(day), active));
  CHECK(created_bucket(at(0), active) != created_bucket(at(0), disabled));
  CHECK(created_bucket(at(0), disabled) < created_bucket(at(day), active));
  CHECK(created_bucket(at(-1), disabled) < created_bucket(at(0), active));
}

}  // namespace muster::sql
