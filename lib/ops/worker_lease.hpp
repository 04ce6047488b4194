// SPDX-License-Identifier: Apache-2.0
/// @file Takes, renews and gives back the worker id that this daemon's ids are made of. Thread-safe.
#pragma once

#include "ports/lease_store.hpp"
#include "ports/store.hpp"

#include <cstdint>
#include <string>

namespace muster::ops {

struct LeaseTerms {
  Duration duration = std::chrono::seconds{60};
  Duration renewed_every = std::chrono::seconds{15};
  /// How long a lease must have run out before another daemon takes the worker: more than clocks differ.
  Duration margin = std::chrono::seconds{60};
  std::uint32_t workers = 1024;
};

struct TakenWorker {
  ports::WorkerLease lease;
  Time ids_after;  ///< Where the ids of the worker's earlier owners end.
};

/// The lowest worker that is free at `now`. Errors: conflict when none is, and those of the store.
Result<TakenWorker> take_worker(ports::Store& store, const std::string& owner, Time now,
                                const LeaseTerms& terms);

/// Until `expires_at`, also when it had run out and nobody took it. False: somebody did.
Result<bool> renew_worker(ports::Store& store, ports::WorkerLease& lease, Time expires_at);

/// Another may take it at once; its ids begin after `ids_end`.
Status give_back_worker(ports::Store& store, ports::WorkerLease lease, Time ids_end);

}  // namespace muster::ops
