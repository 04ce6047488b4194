// SPDX-License-Identifier: Apache-2.0
/// @file Whether a refresh token may be used now: the one rule that refreshing, introspection and inspection
/// go by. Thread-safe.
#pragma once

#include "base/secret.hpp"
#include "model/session.hpp"
#include "model/user.hpp"
#include "ops/context.hpp"

#include <optional>
#include <string>

namespace muster::ops {

struct LiveSession {
  model::Session session;
  model::User user;
  /// Why the token may not be used; the rest means nothing then. unauthenticated (no such session or user),
  /// refresh_reused (not the session's live token), token_revoked, token_expired, account_disabled.
  std::optional<Error> refused;
  /// The latest epoch that is known of the session and its user: new tokens must not stand below it.
  std::int64_t known_epoch = 0;
};

/// `hash` is the token's digest.
Result<LiveSession> find_live_session(ports::Unit& unit, const SessionId& id, const std::string& hash,
                                      Time now);

/// The same in a read of its own.
Result<LiveSession> look_at_refresh_token(Context& context, const SessionId& id, const Secret& token);

}  // namespace muster::ops
