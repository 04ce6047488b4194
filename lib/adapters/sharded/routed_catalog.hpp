// SPDX-License-Identifier: Apache-2.0
/// @file The stores of what concerns all, of a unit of the whole store: read at the catalog from anywhere,
/// changed in a unit that has its home there. Two things also begin elsewhere: revocations, which are put
/// into the catalog before the unit that does the rest is kept, and audit records, which are passed on behind
/// it. Belongs to its unit's thread.
#pragma once

#include "adapters/sharded/routing.hpp"
#include "ports/lease_store.hpp"
#include "ports/role_store.hpp"
#include "ports/security_store.hpp"
#include "ports/system_store.hpp"

#include <set>
#include <string>

namespace muster::sharded {

/// Deleted roles that may still be granted in some part; kept in the catalog.
Result<std::set<std::string>> removed_roles(ports::Unit& catalog);
Status put_removed_roles(ports::Unit& catalog, const std::set<std::string>& names);

class RoutedRoles final : public ports::RoleStore {
 public:
  explicit RoutedRoles(Routing& routing) : routing_(routing) {}

  Result<std::vector<model::Role>> all() override;
  Result<std::optional<model::Role>> find(const std::string& name) override;
  Status create(model::Role& role) override;
  Status update(model::Role& role) override;
  Result<bool> remove(const std::string& name) override;
  Result<std::int64_t> version() override;
  Status hold() override;

 private:
  /// Before anything is decided by roles in this unit.
  Status pass_gate();
  /// Of what may leave somebody with roles that exclude each other.
  Status begin_change();

  Routing& routing_;
  bool has_passed_ = false;
  bool has_begun_ = false;
};

class RoutedRevocations final : public ports::RevocationStore {
 public:
  explicit RoutedRevocations(Routing& routing) : routing_(routing) {}

  Status append(model::Revocation& revocation) override;
  Result<std::int64_t> epoch() override;
  Result<std::vector<model::Revocation>> list(std::int64_t after, Time now, std::size_t limit) override;
  Result<model::UserRevocation> global() override;
  Result<std::size_t> purge(Time before, std::size_t limit) override;

 private:
  Routing& routing_;
};

class RoutedAudit final : public ports::AuditLog {
 public:
  explicit RoutedAudit(Routing& routing) : routing_(routing) {}

  Status append(model::AuditRecord& record) override;
  Result<std::vector<model::AuditRecord>> list(const ports::AuditFilter& filter, std::int64_t after,
                                               std::size_t limit) override;
  Result<std::pair<std::int64_t, std::string>> head() override;
  [[nodiscard]] std::string chain_hash(const std::string& previous_hash,
                                       const model::AuditRecord& record) const override;

 private:
  void await_records();

  Routing& routing_;
  bool awaited_ = false;
};

class RoutedKeys final : public ports::KeyStore {
 public:
  explicit RoutedKeys(Routing& routing) : routing_(routing) {}

  Result<std::vector<model::SealedSigningKey>> list() override;
  Status insert(const model::SealedSigningKey& key) override;
  Status update(const model::SigningKey& key) override;
  Result<bool> remove(const std::string& id) override;

 private:
  Routing& routing_;
};

class RoutedJobs final : public ports::JobStore {
 public:
  explicit RoutedJobs(Routing& routing) : routing_(routing) {}

  Status create(const model::Job& job) override;
  Result<std::optional<model::Job>> find(const std::string& id) override;
  Status update(const model::Job& job) override;
  Result<std::vector<model::Job>> list(std::optional<std::string> after, std::size_t limit) override;
  Result<std::vector<ports::JobClaim>> claims() override;
  Result<std::optional<ports::JobClaim>> claim_of(const std::string& id) override;
  Status claim(const ports::JobClaim& claim) override;

 private:
  Routing& routing_;
};

class RoutedLeases final : public ports::LeaseStore {
 public:
  explicit RoutedLeases(Routing& routing) : routing_(routing) {}

  Result<std::vector<ports::WorkerLease>> list() override;
  Status add(const ports::WorkerLease& lease) override;
  Result<bool> replace(const ports::WorkerLease& lease, std::int64_t fence) override;

 private:
  Routing& routing_;
};

class RoutedMeta final : public ports::MetaStore {
 public:
  explicit RoutedMeta(Routing& routing) : routing_(routing) {}

  Result<std::optional<std::string>> get(const std::string& name) override;
  Status put(const std::string& name, const std::string& value) override;

 private:
  Routing& routing_;
};

}  // namespace muster::sharded
