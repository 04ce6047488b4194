// SPDX-License-Identifier: Apache-2.0
/// @file Remembered replies, jobs and single facts in SQL. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/query.hpp"
#include "ports/system_store.hpp"

namespace muster::sql {

class SqlIdempotencyStore final : public ports::IdempotencyStore {
 public:
  explicit SqlIdempotencyStore(Connection& connection) : connection_(connection) {}

  Result<std::optional<ports::RememberedReply>> find(const std::string& key) override;
  Status put(const std::string& key, const ports::RememberedReply& reply) override;
  Result<std::size_t> purge(Time before, std::size_t limit) override;

 private:
  Connection& connection_;
};

class SqlJobStore final : public ports::JobStore {
 public:
  explicit SqlJobStore(Connection& connection) : connection_(connection) {}

  /// Errors: already_exists, invalid_argument (the id is not a decimal number).
  Status create(const model::Job& job) override;
  Result<std::optional<model::Job>> find(const std::string& id) override;
  /// Error: not_found.
  Status update(const model::Job& job) override;
  Result<std::vector<model::Job>> list(std::optional<std::string> after, std::size_t limit) override;
  Result<std::vector<ports::JobClaim>> claims() override;
  Result<std::optional<ports::JobClaim>> claim_of(const std::string& id) override;
  Status claim(const ports::JobClaim& claim) override;

 private:
  Connection& connection_;
};

class SqlMetaStore final : public ports::MetaStore {
 public:
  explicit SqlMetaStore(Connection& connection) : connection_(connection) {}

  Result<std::optional<std::string>> get(const std::string& name) override;
  Status put(const std::string& name, const std::string& value) override;

 private:
  Connection& connection_;
};

}  // namespace muster::sql
