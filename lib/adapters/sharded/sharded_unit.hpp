// SPDX-License-Identifier: Apache-2.0
/// @file A unit of the whole store: the unit of its home's database, with what is elsewhere reached from it.
/// Belongs to the callback it was given to.
#pragma once

#include "adapters/sharded/routed_catalog.hpp"
#include "adapters/sharded/routed_nodes.hpp"
#include "adapters/sharded/routed_users.hpp"

namespace muster::sharded {

/// Takes names by what was reserved before the unit and gives them up by what was found before it, and asks
/// for what was not: a database that does not answer is not to hold up this one.
class UnitClaims final : public ports::NameClaims {
 public:
  explicit UnitClaims(Routing& routing) : routing_(routing) {}

  Status claim(const ports::Name& name, UserId user) override;
  Status claim_all(const std::vector<ports::NameOfUser>& names) override;
  Status release(const ports::Name& name, UserId user) override;

 private:
  Result<std::optional<model::ClaimId>> find_hold(const Wish& wish);

  Routing& routing_;
};

class ShardedUnit final : public ports::Unit {
 public:
  /// `attempt` is null in a read.
  ShardedUnit(const Layout& layout, Relay& relay, const ports::Home& home, ports::Unit& local,
              Attempt* attempt, ports::Recency recency = ports::Recency::strict);
  ShardedUnit(const ShardedUnit&) = delete;
  ShardedUnit& operator=(const ShardedUnit&) = delete;

  ports::UserStore& users() override { return users_; }
  ports::SessionStore& sessions() override { return sessions_; }
  ports::RoleStore& roles() override { return roles_; }
  ports::GrantStore& grants() override { return grants_; }
  ports::RevocationStore& revocations() override { return revocations_; }
  ports::KeyStore& keys() override { return keys_; }
  ports::AuditLog& audit() override { return audit_; }
  /// Of the home: a request that is repeated has the same one.
  ports::IdempotencyStore& idempotency() override { return routing_.local.idempotency(); }
  ports::JobStore& jobs() override { return jobs_; }
  ports::MetaStore& meta() override { return meta_; }
  ports::LeaseStore& leases() override { return leases_; }
  ports::NodeStore& nodes() override { return nodes_; }
  ports::NewsStore& news() override { return news_; }
  ports::SlotStore& slots() override { return routing_.local.slots(); }

  Status attempt(const std::function<Status()>& part) override;
  void after_commit(std::function<void()> action) override { routing_.local.after_commit(std::move(action)); }

 private:
  Routing routing_;
  UnitClaims claims_;
  RoutedUsers users_;
  RoutedSessions sessions_;
  RoutedGrants grants_;
  RoutedRoles roles_;
  RoutedRevocations revocations_;
  RoutedKeys keys_;
  RoutedAudit audit_;
  RoutedJobs jobs_;
  RoutedMeta meta_;
  RoutedLeases leases_;
  RoutedNodes nodes_;
  RoutedNews news_;
};

}  // namespace muster::sharded
