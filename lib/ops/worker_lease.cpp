// SPDX-License-Identifier: Apache-2.0
#include "ops/worker_lease.hpp"

#include <algorithm>
#include <optional>

namespace muster::ops {
namespace {

bool is_free(const ports::WorkerLease& lease, Time now, Duration margin) {
  return lease.expires_at + (lease.owner.empty() ? Duration{} : margin) <= now;
}

/// The worker's lease as it is, without an owner; that of a worker nobody ever had has fence 0.
std::optional<ports::WorkerLease> lowest_free(const std::vector<ports::WorkerLease>& leases, Time now,
                                              const LeaseTerms& terms) {
  auto next = leases.begin();
  for (std::uint32_t worker = 0; worker < terms.workers; ++worker) {
    if (next == leases.end() || next->worker != worker) return ports::WorkerLease{worker, {}, 0, {}};
    if (is_free(*next, now, terms.margin)) return *next;
    ++next;
  }
  return std::nullopt;
}

/// Nothing: another daemon was faster.
Result<std::optional<TakenWorker>> try_once(ports::LeaseStore& store, const std::string& owner, Time now,
                                            const LeaseTerms& terms) {
  MUSTER_TRY(const std::vector<ports::WorkerLease> leases, store.list());
  const auto free = lowest_free(leases, now, terms);
  if (!free)
    return fail(ErrorCode::conflict, "all " + std::to_string(terms.workers) +
                                         " worker ids are leased: stop a daemon that uses this store, or "
                                         "wait until the lease of one that is gone has run out");
  const TakenWorker taken{{free->worker, owner, free->fence + 1, now + terms.duration}, free->expires_at};
  if (free->fence != 0) {
    MUSTER_TRY(const bool replaced, store.replace(taken.lease, free->fence));
    return replaced ? std::optional(taken) : std::nullopt;
  }
  const Status added = store.add(taken.lease);
  if (added) return std::optional(taken);
  if (added.error().code == ErrorCode::already_exists) return std::optional<TakenWorker>{};
  return fail(added.error());
}

}  // namespace

Result<TakenWorker> take_worker(ports::Store& store, const std::string& owner, Time now,
                                const LeaseTerms& terms) {
  constexpr int tries_max = 100;
  for (int tries = 0; tries < tries_max; ++tries) {
    std::optional<TakenWorker> taken;
    MUSTER_CHECK_OK(store.write([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(taken, try_once(unit.leases(), owner, now, terms));
      return {};
    }));
    if (taken) return *taken;
  }
  return fail(ErrorCode::unavailable, "no worker id could be leased: other daemons were faster each time");
}

Result<bool> renew_worker(ports::Store& store, ports::WorkerLease& lease, Time expires_at) {
  ports::WorkerLease longer = lease;
  longer.expires_at = std::max(lease.expires_at, expires_at);
  bool ours = false;
  MUSTER_CHECK_OK(store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(ours, unit.leases().replace(longer, lease.fence));
    return {};
  }));
  if (ours) lease = longer;
  return ours;
}

Status give_back_worker(ports::Store& store, ports::WorkerLease lease, Time ids_end) {
  lease.owner.clear();
  lease.expires_at = ids_end;
  return store.write([&](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.leases().replace(lease, lease.fence));
    return {};
  });
}

}  // namespace muster::ops
