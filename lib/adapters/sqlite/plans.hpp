// SPDX-License-Identifier: Apache-2.0
/// @file What SQLite says about its plans, over a connection of its own. Belongs to one thread at a time.
#pragma once

#include "adapters/sql/plans.hpp"
#include "adapters/sqlite/driver.hpp"

#include <memory>
#include <string>

namespace muster::sqlite {

class SqlitePlans final : public sql::PlanSource {
 public:
  /// Error: unavailable.
  static Result<std::unique_ptr<SqlitePlans>> open(const std::string& path);

  Result<std::vector<sql::TableAccess>> plan_of(const std::string& text) override;
  Result<bool> has_index(const sql::Index& index) override;
  Result<bool> has_at_most(const std::string& table, std::int64_t rows) override;

  /// As ports::Store::examine().
  Result<ports::Examination> examine();

 private:
  SqlitePlans(std::unique_ptr<SqliteConnection> connection, bool has_statistics)
      : connection_(std::move(connection)), has_statistics_(has_statistics) {}

  std::unique_ptr<SqliteConnection> connection_;
  bool has_statistics_;
};

/// What a slow log asks for plans of the file.
sql::SlowLog::Explain explanations_of(std::string path);

}  // namespace muster::sqlite
