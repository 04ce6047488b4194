// SPDX-License-Identifier: Apache-2.0
/// @file What the operations on users and sessions share: permissions asked for inside an operation, contact
/// data made normal, and the one way in which sessions end: durably, and with their access tokens at once.
/// Thread-safe; what takes a Unit belongs inside that unit.
#pragma once

#include "base/secret.hpp"
#include "model/session.hpp"
#include "model/user.hpp"
#include "ops/call.hpp"
#include "wire/codec.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::ops {

/// Errors: unauthenticated, permission_denied.
Status require_permission(Context& context, const Call& call, std::string_view permission);

/// Notes the error's fields (its message where it has none) and gives nothing, else the value.
template <class T>
std::optional<T> value_or_note(wire::Problems& problems, Result<T> result) {
  if (result) return std::move(*result);
  for (const FieldError& each : result.error().fields) problems.add(each.field, each.message);
  if (result.error().fields.empty()) problems.add("body", result.error().message);
  return std::nullopt;
}

/// Email and phone in normal form; what is wrong is noted.
void make_normal(wire::Problems& problems, std::optional<std::string>& email,
                 std::optional<std::string>& phone);

/// Whether the mark concerns a session whose live refresh token was issued so.
bool is_revoked(const model::UserRevocation& mark, const model::Session& session);

/// Ends every session of the user and revokes every token; what begins later is not concerned. Returns how
/// many sessions were live.
Result<std::int64_t> end_everything(Context& context, ports::Unit& unit, UserId user, Time now,
                                    const std::string& reason);
/// Revokes the access tokens of sessions that this unit has ended in the store.
Status revoke_session_tokens(Context& context, ports::Unit& unit, const std::vector<SessionId>& sessions,
                             Time now, const std::string& reason);
/// Ends one session; false if it was not live. `change` tells the audit log about it.
Result<bool> end_one_session(Context& context, const Call& call, ports::Unit& unit, const SessionId& id,
                             const std::string& reason, Change& change);

}  // namespace muster::ops
