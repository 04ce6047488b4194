// SPDX-License-Identifier: Apache-2.0
#include "ops/oauth.hpp"

#include "base/secret.hpp"
#include "ops/accounts.hpp"
#include "ops/changed.hpp"
#include "ops/invoke.hpp"
#include "ops/live_session.hpp"
#include "ops/tokens.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"

namespace muster::ops {
namespace {

std::int64_t seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

template <class T>
void member(std::string& out, std::string_view name, const T& value) {
  out += ",\"";
  out += name;
  out += "\":";
  wire::write(out, value);
}

Result<Introspection> of_refresh_token(Context& context, const SessionId& id, const Secret& token) {
  MUSTER_TRY(const LiveSession found, look_at_refresh_token(context, id, token));
  Introspection out;
  if (found.refused) return out;
  out.active = true;
  out.token_use = "refresh_token";
  out.issuer = context.settings()->token_issuer;
  out.audience = context.settings()->token_audience;
  out.user = id.user;
  out.session = id;
  out.username = found.user.username;
  out.issued_at = found.session.issued_at;
  out.expires_at = found.session.expires_at;
  return out;
}

Result<Introspection> of_access_token(Context& context, const Secret& token) {
  Introspection out;
  const auto verified = context.tokens.verify(token.reveal(), *context.settings());
  if (!verified && verified.error().code == ErrorCode::unavailable) return fail(verified.error());
  if (!verified) return out;
  const ports::AccessClaims& claims = **verified;
  std::optional<model::User> user;
  MUSTER_CHECK_OK(
      context.store.read(ports::Home::of(claims.stamp.session.user), [&](ports::Unit& unit) -> Status {
        MUSTER_TRY(user, unit.users().find(claims.stamp.session.user));
        return {};
      }));
  if (!user) return out;
  out.active = true;
  out.token_use = "access_token";
  out.issuer = claims.issuer;
  out.audience = claims.audience;
  out.token_id = claims.token_id;
  out.user = user->id;
  out.session = claims.stamp.session;
  out.username = user->username;
  out.issued_at = claims.stamp.issued_at;
  out.expires_at = claims.expires_at;
  out.roles = claims.roles;
  return out;
}

/// The session that whoever holds `token` may end; nothing for a token that is not good. A refresh token must
/// be the session's live one or the one before it: to know a session's id is not enough.
Result<std::optional<SessionId>> session_of(Context& context, const Secret& token) {
  const auto id = context.tokens.session_of_refresh_token(token);
  if (!id) {
    const auto verified = context.tokens.verify(token.reveal(), *context.settings());
    if (!verified && verified.error().code == ErrorCode::unavailable) return fail(verified.error());
    return verified ? std::optional((*verified)->stamp.session) : std::nullopt;
  }
  const std::string hash = context.sealer.digest(token.reveal());
  std::optional<model::Session> session;
  MUSTER_CHECK_OK(context.store.read(ports::Home::of(id->user), [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(session, unit.sessions().find(*id));
    return {};
  }));
  const bool known = session && (constant_time_equal(session->refresh_hash, hash) ||
                                 constant_time_equal(session->refresh_previous_hash, hash));
  return known ? id : std::nullopt;
}

}  // namespace

std::string Introspection::json() const {
  if (!active) return R"({"active":false})";
  std::string out = R"({"active":true)";
  // What RFC 7662 calls the type is that of RFC 6749: how the token is used in a request.
  if (token_use == "access_token") member(out, "token_type", std::string("Bearer"));
  member(out, "token_use", token_use);
  member(out, "iss", issuer);
  member(out, "aud", audience);
  if (user) member(out, "sub", *user);
  member(out, "username", username);
  if (session) member(out, "sid", *session);
  if (!token_id.empty()) member(out, "jti", token_id);
  member(out, "iat", seconds(issued_at));
  member(out, "exp", seconds(expires_at));
  if (!roles.empty()) member(out, "roles", roles);
  return out += '}';
}

Result<Introspection> introspect_token(Context& context, Call& call, const Secret& token) {
  call.operation = "introspect_token";
  Measure measure(context, call.operation);
  auto outcome = [&]() -> Result<Introspection> {
    MUSTER_CHECK_OK(require_permission(context, call, "introspect:token"));
    if (const auto id = context.tokens.session_of_refresh_token(token))
      return of_refresh_token(context, *id, token);
    return of_access_token(context, token);
  }();
  measure.finish(outcome ? nullptr : &outcome.error());
  return outcome;
}

Status revoke_token(Context& context, Call& call, const Secret& token) {
  call.operation = "revoke_token";
  Measure measure(context, call.operation);
  auto outcome = [&]() -> Status {
    MUSTER_TRY(const auto id, session_of(context, token));
    if (!id) return {};
    const auto done = call.commit<Changed>(
        context, ports::Home::of(id->user), [&](ports::Unit& unit, Change& change) -> Result<Changed> {
          MUSTER_TRY(const bool ended,
                     end_one_session(context, call, unit, *id, "its token was revoked", change));
          return Changed{ended};
        });
    if (!done) return fail(done.error());
    return {};
  }();
  measure.finish(outcome ? nullptr : &outcome.error());
  return outcome;
}

}  // namespace muster::ops
