// SPDX-License-Identifier: Apache-2.0
/// @file Stores what security rests on: revocations, signing keys, the audit chain.
#pragma once

#include "base/result.hpp"
#include "model/audit.hpp"
#include "model/revocation.hpp"
#include "model/signing_key.hpp"
#include "model/user.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::ports {

class RevocationStore {
 public:
  virtual ~RevocationStore() = default;

  /// Sets revocation.epoch to the next one and keeps it.
  virtual Status append(model::Revocation& revocation) = 0;
  /// The last epoch given out; never goes back, whatever is forgotten.
  virtual Result<std::int64_t> epoch() = 0;
  /// The revocations above `after` that had not expired at `now`, by epoch.
  virtual Result<std::vector<model::Revocation>> list(std::int64_t after, Time now, std::size_t limit) = 0;
  /// What every session and token of all users is held against (target `all`).
  virtual Result<model::UserRevocation> global() = 0;
  virtual Result<std::size_t> purge(Time before, std::size_t limit) = 0;
};

class KeyStore {
 public:
  virtual ~KeyStore() = default;

  virtual Result<std::vector<model::SealedSigningKey>> list() = 0;
  virtual Status insert(const model::SealedSigningKey& key) = 0;
  /// Stores state, activated_at, retired_at, expires_at. Error: not_found.
  virtual Status update(const model::SigningKey& key) = 0;
  virtual Result<bool> remove(const std::string& id) = 0;
};

struct AuditFilter {
  std::optional<std::string> actor;
  std::optional<std::string> operation;
  std::optional<std::string> target;
  std::optional<Time> since;
  std::optional<Time> until;
};

class AuditLog {
 public:
  virtual ~AuditLog() = default;

  /// Sets seq and hash and appends.
  virtual Status append(model::AuditRecord& record) = 0;
  /// Records above `after`, oldest first.
  virtual Result<std::vector<model::AuditRecord>> list(const AuditFilter& filter, std::int64_t after,
                                                       std::size_t limit) = 0;
  /// The newest record's seq and hash; 0 and empty before the first.
  virtual Result<std::pair<std::int64_t, std::string>> head() = 0;
  /// Chain hash of a record after the one with `previous_hash` (hex): for verifying what list() gave.
  [[nodiscard]] virtual std::string chain_hash(const std::string& previous_hash,
                                               const model::AuditRecord& record) const = 0;
};

}  // namespace muster::ports
