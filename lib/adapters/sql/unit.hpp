// SPDX-License-Identifier: Apache-2.0
/// @file One unit of work over a connection: every store, written once for all SQL databases. A driver keeps
/// one for each connection and uses it again and again. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/lease_store.hpp"
#include "adapters/sql/ledger.hpp"
#include "adapters/sql/node_store.hpp"
#include "adapters/sql/role_store.hpp"
#include "adapters/sql/security_store.hpp"
#include "adapters/sql/session_store.hpp"
#include "adapters/sql/slot_store.hpp"
#include "adapters/sql/system_store.hpp"
#include "adapters/sql/user_store.hpp"
#include "ports/store.hpp"

#include <memory>
#include <vector>

namespace muster::sql {

enum class UnitKind : std::uint8_t { read, write };
/// What a failing unit is undone with.
enum class Extent : std::uint8_t { transaction, savepoint };

class SqlUnit final : public ports::Unit {
 public:
  SqlUnit(Connection& connection, UnitKind kind, std::shared_ptr<const ports::SlotNumbers> epochs = nullptr);

  ports::UserStore& users() override { return users_; }
  ports::SessionStore& sessions() override { return sessions_; }
  ports::RoleStore& roles() override { return roles_; }
  ports::GrantStore& grants() override { return grants_; }
  ports::RevocationStore& revocations() override { return revocations_; }
  ports::KeyStore& keys() override { return keys_; }
  ports::AuditLog& audit() override { return audit_; }
  ports::IdempotencyStore& idempotency() override { return idempotency_; }
  ports::JobStore& jobs() override { return jobs_; }
  ports::MetaStore& meta() override { return meta_; }
  ports::LeaseStore& leases() override { return leases_; }
  ports::NodeStore& nodes() override { return nodes_; }
  ports::NewsStore& news() override { return news_; }
  ports::SlotStore& slots() override { return slots_; }

  Status attempt(const std::function<Status()>& part) override;
  void after_commit(std::function<void()> action) override;

  /// Runs a whole unit. Exceptions become internal. A unit that succeeded leaves its actions for
  /// take_actions(). One that failed has been undone if it ran under a savepoint; else the transaction, which
  /// it had for itself, is to be rolled back.
  Status run(const std::function<Status(ports::Unit&)>& work, Extent extent);
  /// Moves the actions to be called once the last unit is durable behind those in `actions`.
  void take_actions(std::vector<std::function<void()>>& actions);
  /// To be called when a transaction begins.
  void forget() { ledger_.forget(); }

 private:
  Connection& connection_;
  UnitKind kind_;
  std::shared_ptr<const ports::SlotNumbers> epochs_;
  Ledger ledger_;
  SqlUserStore users_;
  SqlSessionStore sessions_;
  SqlGrantStore grants_;
  SqlRoleStore roles_;
  SqlRevocationStore revocations_;
  SqlKeyStore keys_;
  SqlAuditLog audit_;
  SqlIdempotencyStore idempotency_;
  SqlJobStore jobs_;
  SqlMetaStore meta_;
  SqlLeaseStore leases_;
  SqlNodeStore nodes_;
  SqlNewsStore news_;
  SqlSlotStore slots_;
  std::vector<std::function<void()>> actions_;
};

/// Calls it; what it throws becomes internal, with the exception's text for the log.
Status guarded(const std::function<Status()>& work) noexcept;

}  // namespace muster::sql
