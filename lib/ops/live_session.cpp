// SPDX-License-Identifier: Apache-2.0
#include "ops/live_session.hpp"

#include "ops/accounts.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

LiveSession refuse(ErrorCode code, std::string message) {
  LiveSession out;
  out.refused = Error{code, std::move(message), {}, {}, {}};
  return out;
}

}  // namespace

Result<LiveSession> find_live_session(ports::Unit& unit, const SessionId& id, const std::string& hash,
                                      Time now) {
  MUSTER_TRY(auto session, unit.sessions().find(id));
  if (!session) return refuse(ErrorCode::unauthenticated, "the refresh token is not valid");
  if (!constant_time_equal(session->refresh_hash, hash))
    return refuse(ErrorCode::refresh_reused,
                  "this refresh token was used before; its session has been revoked");
  if (session->revoked_at) return refuse(ErrorCode::token_revoked, "the session was ended");
  if (now >= session->expires_at) return refuse(ErrorCode::token_expired, "the session has expired");
  MUSTER_TRY(auto user, unit.users().find(id.user));
  if (!user) return refuse(ErrorCode::unauthenticated, "the refresh token is not valid");
  if (user->status == model::UserStatus::disabled)
    return refuse(ErrorCode::account_disabled, "the account is disabled");
  MUSTER_TRY(const auto own, unit.users().revocation(id.user));
  MUSTER_TRY(const auto global, unit.revocations().global());
  if (is_revoked(own, *session) || is_revoked(global, *session))
    return refuse(ErrorCode::token_revoked, "the session was ended");
  LiveSession out;
  out.known_epoch = std::max({own.revoked_epoch, global.revoked_epoch, session->issued_epoch});
  out.session = std::move(*session);
  out.user = std::move(*user);
  return out;
}

Result<LiveSession> look_at_refresh_token(Context& context, const SessionId& id, const Secret& token) {
  const std::string hash = context.sealer.digest(token.reveal());
  const Time now = context.clock.now();
  LiveSession found;
  MUSTER_CHECK_OK(context.store.read(ports::Home::of(id.user), [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(found, find_live_session(unit, id, hash, now));
    return {};
  }));
  return found;
}

}  // namespace muster::ops
