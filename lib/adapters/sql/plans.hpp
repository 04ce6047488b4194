// SPDX-License-Identifier: Apache-2.0
/// @file Whether a database comes at the rows of every statement by a key or an index, by what it says about
/// its plans itself, whatever rows it has now. Which statements may read a whole table, and why, is one list;
/// which index is there for which statements is another. A plan says nothing about an index where another one
/// serves badly, so indexes are looked for by themselves too. Thread-safe: constant lists, functions of what
/// they are given.
#pragma once

#include "adapters/sql/statements.hpp"
#include "base/result.hpp"
#include "ports/store_report.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::sql {

/// A statement that may read its table from end to end, and sort it.
struct AllowedScan {
  Sql statement;
  const char* reason;
};

std::span<const AllowedScan> allowed_scans();

/// An index beside the primary keys.
struct Index {
  const char* name;
  const char* table;
  const char* columns;  ///< "role, user_id"; more may follow.
};

std::span<const Index> indexes();
/// The one that is there for the statement; null: its table's primary key is.
const Index* index_for(Sql statement);

/// A statement of a driver's own.
struct NamedText {
  const char* name;
  const char* text;
};

/// How a database would come at the rows of one table.
struct TableAccess {
  std::string table;
  std::string text;    ///< In words, for people; never a parameter's value.
  bool scans = false;  ///< From end to end.
  /// Though some index would serve: where there are few rows, that is the cheaper way.
  bool could_search = false;
  bool sorts = false;
  std::string remedy;  ///< Of a choice that should have been another one: what lets the database choose anew.
};

/// What a driver tells about its database. Belongs to one thread at a time. Errors: unavailable; others where
/// the database refuses the one statement.
class PlanSource {
 public:
  virtual ~PlanSource() = default;

  /// With parameters of which nothing is said.
  virtual Result<std::vector<TableAccess>> plan_of(const std::string& text) = 0;
  /// Whether an index of that table, of whatever name, begins with those columns.
  virtual Result<bool> has_index(const Index& index) = 0;
  /// Counted now, not estimated; no more rows than that are read.
  virtual Result<bool> has_at_most(const std::string& table, std::int64_t rows) = 0;
};

/// Every statement of all_statements() and of `own`. What it leaves open is the engine and the schema's
/// version.
Result<ports::Examination> examine_plans(PlanSource& source, std::span<const NamedText> own);

/// A plan in one line: "grants: ref by grants_by_role, about 12 rows".
std::string text_of(const std::vector<TableAccess>& plan);

}  // namespace muster::sql
