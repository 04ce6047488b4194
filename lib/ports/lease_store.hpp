// SPDX-License-Identifier: Apache-2.0
/// @file Who may use which worker id, that ids are made of, and until when.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::ports {

struct WorkerLease {
  std::uint32_t worker = 0;
  std::string owner;       ///< For people; empty: given back.
  std::int64_t fence = 0;  ///< Grows by one with each new owner.
  Time expires_at;         ///< No id of this or an earlier owner is later.

  bool operator==(const WorkerLease&) const = default;
};

class LeaseStore {
 public:
  virtual ~LeaseStore() = default;

  /// Ascending by worker; also those that ran out or were given back.
  virtual Result<std::vector<WorkerLease>> list() = 0;
  /// The first lease of a worker. Error: already_exists.
  virtual Status add(const WorkerLease& lease) = 0;
  /// Puts it in place of the one with that worker and `fence`; false: there is none any more.
  virtual Result<bool> replace(const WorkerLease& lease, std::int64_t fence) = 0;
};

}  // namespace muster::ports
