// SPDX-License-Identifier: Apache-2.0
/// @file Leases of worker ids in SQL. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/query.hpp"
#include "ports/lease_store.hpp"

namespace muster::sql {

class SqlLeaseStore final : public ports::LeaseStore {
 public:
  explicit SqlLeaseStore(Connection& connection) : connection_(connection) {}

  Result<std::vector<ports::WorkerLease>> list() override;
  Status add(const ports::WorkerLease& lease) override;
  Result<bool> replace(const ports::WorkerLease& lease, std::int64_t fence) override;

 private:
  Connection& connection_;
};

}  // namespace muster::sql
