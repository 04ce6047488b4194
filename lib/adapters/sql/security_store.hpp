// SPDX-License-Identifier: Apache-2.0
/// @file Revocations, signing keys and the audit chain in SQL. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/ledger.hpp"
#include "adapters/sql/query.hpp"
#include "ports/security_store.hpp"

namespace muster::sql {

class SqlRevocationStore final : public ports::RevocationStore {
 public:
  explicit SqlRevocationStore(Connection& connection) : connection_(connection) {}

  Status append(model::Revocation& revocation) override;
  Result<std::int64_t> epoch() override;
  Result<std::vector<model::Revocation>> list(std::int64_t after, Time now, std::size_t limit) override;
  Result<model::UserRevocation> global() override;
  Result<std::size_t> purge(Time before, std::size_t limit) override;

 private:
  struct Global {
    model::UserRevocation revocation;
    Time revoked_at;
  };
  Result<std::optional<Global>> find_global();
  Status merge_global(const model::Revocation& revocation);

  Connection& connection_;
};

class SqlKeyStore final : public ports::KeyStore {
 public:
  explicit SqlKeyStore(Connection& connection) : connection_(connection) {}

  Result<std::vector<model::SealedSigningKey>> list() override;
  Status insert(const model::SealedSigningKey& key) override;
  Status update(const model::SigningKey& key) override;
  Result<bool> remove(const std::string& id) override;

 private:
  Connection& connection_;
};

/// hash = SHA-256 of the hash before it (none before the first record) and the record's canonical bytes.
class SqlAuditLog final : public ports::AuditLog {
 public:
  SqlAuditLog(Connection& connection, Ledger& ledger) : connection_(connection), ledger_(ledger) {}

  Status append(model::AuditRecord& record) override;
  /// A record is found by `until` when it was appended within an hour of its own time.
  Result<std::vector<model::AuditRecord>> list(const ports::AuditFilter& filter, std::int64_t after,
                                               std::size_t limit) override;
  Result<std::pair<std::int64_t, std::string>> head() override;
  [[nodiscard]] std::string chain_hash(const std::string& previous_hash,
                                       const model::AuditRecord& record) const override;

 private:
  Result<std::int64_t> last_seq_before(Time since, std::int64_t after);

  Connection& connection_;
  Ledger& ledger_;
};

/// The same for any two neighbours in a chain: both hashes raw.
std::string audit_chain_hash(std::string_view previous_hash, const model::AuditRecord& record);

}  // namespace muster::sql
