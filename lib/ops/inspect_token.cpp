// SPDX-License-Identifier: Apache-2.0
#include "ops/inspect_token.hpp"

#include "base/encoding.hpp"
#include "model/permission.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/live_session.hpp"
#include "ops/tokens.hpp"
#include "wire/error_table.hpp"
#include "wire/json.hpp"

namespace muster::ops {
namespace {

Error no_token() {
  return Error{ErrorCode::unauthenticated, "a valid access token is needed", {}, {}, {}};
}

Error lacks(const std::string& permission) {
  return Error{ErrorCode::permission_denied, "the permission " + permission + " is needed", {}, {}, {}};
}

VerifyToken::Reply reply_of(Context& context, const Call& call, const Holdings& holdings) {
  return {call.caller.user, call.caller.session, Authorizer::role_names(holdings, context.clock.now())};
}

std::optional<JsonObject> decoded(std::string_view part) {
  const auto bytes = base64url_decode(part);
  if (!bytes) return std::nullopt;
  const auto json = wire::parse_json(*bytes);
  if (!json || !json->is_object()) return std::nullopt;
  return JsonObject{wire::to_text(*json)};
}

void refuse(InspectToken::Reply& reply, const Error& error) {
  reply.valid = false;
  reply.reason = std::string(wire::entry_of(error.code).name);
  reply.message = error.message;
}

Result<InspectToken::Reply> inspect_access(Context& context, std::string_view token) {
  InspectToken::Reply reply;
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second != std::string_view::npos) {
    reply.header = decoded(token.substr(0, first));
    reply.claims = decoded(token.substr(first + 1, second - first - 1));
  }
  reply.kind = reply.header && reply.claims ? "access" : "unknown";
  const auto claims = context.tokens.verify(token, *context.settings());
  if (!claims && claims.error().code == ErrorCode::unavailable) return fail(claims.error());
  if (!claims) {
    refuse(reply, claims.error());
    return reply;
  }
  reply.valid = true;
  reply.session_id = (*claims)->stamp.session;
  reply.user_id = (*claims)->stamp.session.user;
  reply.issued_at = (*claims)->stamp.issued_at;
  reply.expires_at = (*claims)->expires_at;
  reply.roles = (*claims)->roles;
  return reply;
}

Result<InspectToken::Reply> inspect_refresh(Context& context, const SessionId& id, const Secret& token) {
  InspectToken::Reply reply;
  reply.kind = "refresh";
  reply.session_id = id;
  reply.user_id = id.user;
  MUSTER_TRY(const LiveSession found, look_at_refresh_token(context, id, token));
  if (found.refused) {
    refuse(reply, *found.refused);
    return reply;
  }
  reply.valid = true;
  reply.issued_at = found.session.issued_at;
  reply.expires_at = found.session.expires_at;
  return reply;
}

}  // namespace

Result<VerifyToken::Reply> VerifyToken::run(Context& context, Call& call, const Request& request) {
  if (call.caller.kind != Caller::Kind::user) return fail(no_token());
  if (request.permission) {
    MUSTER_CHECK_OK(model::check_permission_code(*request.permission));
    MUSTER_TRY(const bool allowed, context.authorizer.allows(call.caller.user, *request.permission));
    if (!allowed) return fail(lacks(*request.permission));
  }
  MUSTER_TRY(const auto holdings, context.authorizer.holdings(call.caller.user));
  if (!holdings->exists) return fail(no_token());
  return reply_of(context, call, *holdings);
}

std::optional<Result<VerifyToken::Reply>> VerifyToken::run_from_memory(Context& context, Call& call,
                                                                       const Request& request) {
  if (call.caller.kind != Caller::Kind::user) return std::nullopt;
  const auto holdings = context.authorizer.holdings_from_memory(call.caller.user);
  if (!holdings || !holdings->exists) return std::nullopt;
  if (request.permission) {
    const auto allowed = context.authorizer.allows_from_memory(call.caller.user, *request.permission);
    // What is not a plain yes or no is told apart where the store may be asked.
    if (!allowed || !*allowed) return std::nullopt;
    if (!**allowed) return Result<Reply>(fail(lacks(*request.permission)));
  }
  return Result<Reply>(reply_of(context, call, *holdings));
}

Result<InspectToken::Reply> InspectToken::run(Context& context, Call& /*call*/, const Request& request) {
  if (const auto id = context.tokens.session_of_refresh_token(request.token))
    return inspect_refresh(context, *id, request.token);
  return inspect_access(context, request.token.reveal());
}

}  // namespace muster::ops
