// SPDX-License-Identifier: Apache-2.0
/// @file Stores sessions in their users' slots.
#pragma once

#include "base/result.hpp"
#include "model/session.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::ports {

class SessionStore {
 public:
  virtual ~SessionStore() = default;

  virtual Status create(const model::Session& session) = 0;
  virtual Result<std::optional<model::Session>> find(const SessionId& id) = 0;
  /// Replaces refresh_hash by the new one (kept in refresh_previous_hash), last_used_at, expires_at,
  /// issued_at, issued_epoch of `session`, if the stored refresh_hash still is `expected_hash` and the
  /// session is not revoked. False: it was not.
  virtual Result<bool> rotate(const model::Session& session, const std::string& expected_hash) = 0;
  /// Marks it revoked; false if there is none or it was revoked before.
  virtual Result<bool> revoke(const SessionId& id, Time now) = 0;
  /// Every live session of the user but `except`; returns their ids.
  virtual Result<std::vector<SessionId>> revoke_all(UserId user, std::optional<SessionId> except,
                                                    Time now) = 0;
  /// Live sessions (not revoked, not expired), newest first, after the given one.
  virtual Result<std::vector<model::Session>> list(UserId user, Time now, std::optional<SessionId> after,
                                                   std::size_t limit) = 0;
  /// Live sessions of all users, in the order of user id, then session id: for operators.
  virtual Result<std::vector<model::Session>> list_all(Time now, std::optional<SessionId> after,
                                                       std::size_t limit) = 0;
  virtual Result<std::int64_t> count_live(std::optional<UserId> user, Time now) = 0;
  /// Removes at most `limit` sessions that expired or were revoked before `before`; returns how many.
  virtual Result<std::size_t> purge(Time before, std::size_t limit) = 0;
};

}  // namespace muster::ports
