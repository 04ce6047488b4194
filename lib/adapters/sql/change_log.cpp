// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/change_log.hpp"

#include "adapters/sql/query.hpp"

#include <algorithm>

namespace muster::sql {
namespace {

constexpr std::int64_t trimmed_at_a_time = 20'000;

Result<std::int64_t> end_of(TransactionalConnection& connection, Sql which) {
  Query query(connection, which);
  MUSTER_CHECK_OK(query.next());
  return query.get_integer();
}

}  // namespace

Result<bool> trim_change_log(TransactionalConnection& connection, std::int64_t keep) {
  MUSTER_CHECK_OK(connection.begin());
  MUSTER_TRY(const std::int64_t oldest, end_of(connection, Sql::change_log_oldest));
  MUSTER_TRY(const std::int64_t newest, end_of(connection, Sql::change_log_newest));
  const std::int64_t last = newest - std::max<std::int64_t>(keep, 1);
  if (newest == 0 || oldest > last) {
    connection.rollback();
    return false;
  }
  {
    Query trim(connection, Sql::change_log_trim);
    MUSTER_CHECK_OK(trim.integer(std::min(last, oldest + trimmed_at_a_time - 1)).run());
  }
  MUSTER_CHECK_OK(connection.commit());
  return true;
}

}  // namespace muster::sql
