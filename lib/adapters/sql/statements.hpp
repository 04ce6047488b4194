// SPDX-License-Identifier: Apache-2.0
/// @file Every statement the stores run, by name: one visible list, so that a driver can keep each prepared
/// and a test can look at its plan. The texts keep to what SQLite and MySQL 5.7 understand. Immutable.
#pragma once

#include "adapters/sql/statement_names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace muster::sql {

struct StatementText {
  Sql name;
  const char* text;  ///< For one row.
  /// The last place of this in the text is what stands there again for each further row, if it may be for
  /// several.
  const char* row = nullptr;
  const char* between = ", ";
};

std::span<const StatementText> all_statements();  ///< In the order of Sql.
std::string_view name_of(Sql statement);          ///< "user_insert"

/// Statements for several rows are for one of these numbers of them. Fewer than 200: from there on MySQL
/// guesses what an index is worth to a list of values instead of looking.
inline constexpr std::array<std::size_t, 14> row_counts{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128};
inline constexpr std::size_t rows_max = row_counts.back();
/// The largest of them that is not above `rows`, from 1 on.
constexpr std::size_t rows_within(std::size_t rows) {
  return *(std::upper_bound(row_counts.begin(), row_counts.end(), rows) - 1);
}
/// The smallest of them that is not below `rows`, up to rows_max.
constexpr std::size_t rows_for(std::size_t rows) {
  return *std::lower_bound(row_counts.begin(), row_counts.end(), rows);
}
/// The text for such a number of rows. Its life is the program's.
const char* text_of(Sql name, std::size_t rows);
/// Where a driver keeps it prepared, of so many places.
constexpr std::size_t place_of(Sql name, std::size_t rows) {
  const auto* const found = std::lower_bound(row_counts.begin(), row_counts.end(), rows);
  return static_cast<std::size_t>(found - row_counts.begin()) * static_cast<std::size_t>(Sql::count) +
         static_cast<std::size_t>(name);
}
inline constexpr std::size_t places = place_of(Sql::count, rows_max);

}  // namespace muster::sql
