// SPDX-License-Identifier: Apache-2.0
/// @file Sessions in SQL, by user and random part, so that one key finds a session and a user's sessions.
/// What is indexed for purging is the hour in which a session dies: a refresh changes it rarely, and so
/// writes one row. Belongs to its connection's thread.
#pragma once

#include "adapters/sql/ledger.hpp"
#include "adapters/sql/query.hpp"
#include "ports/session_store.hpp"

namespace muster::sql {

class SqlSessionStore final : public ports::SessionStore {
 public:
  SqlSessionStore(Connection& connection, Ledger& ledger) : connection_(connection), ledger_(ledger) {}

  Status create(const model::Session& session) override;
  Result<std::optional<model::Session>> find(const SessionId& id) override;
  Result<bool> rotate(const model::Session& session, const std::string& expected_hash) override;
  Result<bool> revoke(const SessionId& id, Time now) override;
  Result<std::vector<SessionId>> revoke_all(UserId user, std::optional<SessionId> except, Time now) override;
  /// Error: invalid_argument when the session to start after is gone.
  Result<std::vector<model::Session>> list(UserId user, Time now, std::optional<SessionId> after,
                                           std::size_t limit) override;
  Result<std::vector<model::Session>> list_all(Time now, std::optional<SessionId> after,
                                               std::size_t limit) override;
  Result<std::int64_t> count_live(std::optional<UserId> user, Time now) override;
  Result<std::size_t> purge(Time before, std::size_t limit) override;

 private:
  Result<bool> mark_revoked(const SessionId& id, Time now);
  static Result<std::vector<model::Session>> read_all(Query& query);

  Connection& connection_;
  Ledger& ledger_;
};

}  // namespace muster::sql
