// SPDX-License-Identifier: Apache-2.0
/// @file What a server says about its plans, over a connection of its own. In the place of parameters stand
/// values that few rows have, or none: literals that are a number beside a column of numbers and a text
/// beside one of texts, so that nothing has to be known about a statement. Belongs to one thread at a time.
#pragma once

#include "adapters/mysql/endpoint.hpp"
#include "adapters/sql/plans.hpp"

#include <map>
#include <memory>

namespace muster::mysql {

class MysqlPlans final : public sql::PlanSource {
 public:
  /// Error: unavailable.
  static Result<std::unique_ptr<MysqlPlans>> open(Endpoint& endpoint);

  Result<std::vector<sql::TableAccess>> plan_of(const std::string& text) override;
  Result<bool> has_index(const sql::Index& index) override;
  Result<bool> has_at_most(const std::string& table, std::int64_t rows) override;

  /// As ports::Store::examine().
  Result<ports::Examination> examine();

 private:
  using Row = std::vector<std::string>;

  MysqlPlans(const Endpoint& endpoint, Handle handle) : endpoint_(endpoint), handle_(std::move(handle)) {}
  Result<std::vector<Row>> rows_of(const std::string& statement);
  [[nodiscard]] Error error_of_handle() const;

  const Endpoint& endpoint_;
  Handle handle_;
  /// The columns of all indexes, by table; read when they are first asked for.
  std::multimap<std::string, std::string> indexes_;
};

/// What a slow log asks for plans of the endpoint's database; the endpoint must outlive it.
sql::SlowLog::Explain explanations_of(Endpoint& endpoint);

/// The statement with such values in the place of its parameters.
std::string with_sample_values(const std::string& text);

}  // namespace muster::mysql
