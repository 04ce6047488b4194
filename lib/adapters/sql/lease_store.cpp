// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/lease_store.hpp"

namespace muster::sql {

Result<std::vector<ports::WorkerLease>> SqlLeaseStore::list() {
  std::vector<ports::WorkerLease> leases;
  Query query(connection_, Sql::lease_all);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return leases;
    ports::WorkerLease lease;
    lease.worker = static_cast<std::uint32_t>(query.get_integer());
    lease.owner = query.get_bytes();
    lease.fence = query.get_integer();
    lease.expires_at = query.get_time();
    leases.push_back(std::move(lease));
  }
}

Status SqlLeaseStore::add(const ports::WorkerLease& lease) {
  Query query(connection_, Sql::lease_insert);
  return run(query.integer(lease.worker).text(lease.owner).integer(lease.fence).time(lease.expires_at));
}

Result<bool> SqlLeaseStore::replace(const ports::WorkerLease& lease, std::int64_t fence) {
  Query query(connection_, Sql::lease_replace);
  query.text(lease.owner).integer(lease.fence).time(lease.expires_at).integer(lease.worker).integer(fence);
  MUSTER_TRY(const std::int64_t changed, query.run());
  return changed != 0;
}

}  // namespace muster::sql
