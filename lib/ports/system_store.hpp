// SPDX-License-Identifier: Apache-2.0
/// @file Stores what Muster itself needs: remembered replies, jobs, single facts.
#pragma once

#include "base/result.hpp"
#include "model/job.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::ports {

/// A reply kept so that a repeated request gets it again.
struct RememberedReply {
  std::string request_hash;  ///< Of operation and request; another request under the same key is a conflict.
  std::string sealed_reply;  ///< The reply's JSON, sealed: it may hold tokens.
  Time expires_at;
};

class IdempotencyStore {
 public:
  virtual ~IdempotencyStore() = default;

  /// `key` is scoped to the caller already.
  virtual Result<std::optional<RememberedReply>> find(const std::string& key) = 0;
  virtual Status put(const std::string& key, const RememberedReply& reply) = 0;
  virtual Result<std::size_t> purge(Time before, std::size_t limit) = 0;
};

/// Which daemon is to run a job that has not ended.
struct JobClaim {
  std::string job;
  std::string node;  ///< As NodeRecord::id.

  bool operator==(const JobClaim&) const = default;
};

class JobStore {
 public:
  virtual ~JobStore() = default;

  virtual Status create(const model::Job& job) = 0;
  virtual Result<std::optional<model::Job>> find(const std::string& id) = 0;
  /// One that has ended loses its claim.
  virtual Status update(const model::Job& job) = 0;
  /// Newest first; `after` is a job's id.
  virtual Result<std::vector<model::Job>> list(std::optional<std::string> after, std::size_t limit) = 0;

  /// By job, oldest first. A job that ended has none.
  virtual Result<std::vector<JobClaim>> claims() = 0;
  virtual Result<std::optional<JobClaim>> claim_of(const std::string& id) = 0;
  /// Inserts or replaces.
  virtual Status claim(const JobClaim& claim) = 0;
};

/// Named facts of the installation: the master key's check value, the calibrated cost, the clock's high-water
/// mark.
class MetaStore {
 public:
  virtual ~MetaStore() = default;

  virtual Result<std::optional<std::string>> get(const std::string& name) = 0;
  virtual Status put(const std::string& name, const std::string& value) = 0;
};

}  // namespace muster::ports
