// SPDX-License-Identifier: Apache-2.0
/// @file Every statement the stores run, by name: one visible list, so that a driver can keep each prepared
/// and a test can look at its plan. The texts keep to what SQLite and MySQL 5.7 understand. Immutable.
#pragma once

#include "adapters/sql/statement_names.hpp"

#include <bit>
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

/// Statements for several rows are for so many at most, and for a power of two.
inline constexpr std::size_t rows_max = 64;
/// The text for such a number of rows. Its life is the program's.
const char* text_of(Sql name, std::size_t rows);
/// Where a driver keeps it prepared, of so many places.
constexpr std::size_t place_of(Sql name, std::size_t rows) {
  return static_cast<std::size_t>(std::bit_width(rows) - 1) * static_cast<std::size_t>(Sql::count) +
         static_cast<std::size_t>(name);
}
inline constexpr std::size_t places = place_of(Sql::count, rows_max);

}  // namespace muster::sql
