// SPDX-License-Identifier: Apache-2.0
/// @file Tells what a token says and whether it is good: to proxies that ask at every request (verify) and to
/// operators who want to know why not (inspect).
#pragma once

#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

/// Asks about the caller's own token, which was verified already when the call got here.
struct VerifyToken {
  struct Request {
    std::optional<std::string> permission;

    static constexpr auto fields() {
      return std::tuple{field("permission", &Request::permission, "Refuse unless the caller has this one")};
    }
  };
  struct Reply {
    UserId user_id;
    SessionId session_id;
    std::vector<std::string> roles;

    static constexpr auto fields() {
      return std::tuple{field("user_id", &Reply::user_id, "Whose token it is"),
                        field("session_id", &Reply::session_id, "The session it belongs to"),
                        field("roles", &Reply::roles, "Names of the roles held now")};
    }
  };

  static constexpr OperationInfo info{
      .name = "verify_token",
      .summary = "Verify the caller's access token",
      .method = "GET",
      .path = "/v1/auth/verify",
      .lane = Lane::memory,
      .help = "For nginx auth_request, Envoy and Traefik: 200, 401 or 403, with the answer in headers."};

  /// Errors: unauthenticated (no token, or its user is gone), permission_denied, invalid_argument.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
  static std::optional<Result<Reply>> run_from_memory(Context& context, Call& call, const Request& request);
};

struct InspectToken {
  struct Request {
    Secret token;

    static constexpr auto fields() {
      return std::tuple{field("token", &Request::token, "An access or refresh token").length(1, 8192)};
    }
  };
  struct Reply {
    std::string kind;
    bool valid = false;
    std::optional<std::string> reason;
    std::optional<std::string> message;
    std::optional<UserId> user_id;
    std::optional<SessionId> session_id;
    std::optional<Time> issued_at;
    std::optional<Time> expires_at;
    std::vector<std::string> roles;
    std::optional<JsonObject> header;
    std::optional<JsonObject> claims;

    static constexpr auto fields() {
      return std::tuple{
          field("kind", &Reply::kind, "What it looks like").one_of("access|refresh|unknown"),
          field("valid", &Reply::valid, "Whether it would be accepted now"),
          field("reason", &Reply::reason, "Why not: the error's name"),
          field("message", &Reply::message, "Why not, for people"),
          field("user_id", &Reply::user_id, "Whose it is"),
          field("session_id", &Reply::session_id, "The session it belongs to"),
          field("issued_at", &Reply::issued_at, "When it was issued"),
          field("expires_at", &Reply::expires_at, "When it expires"),
          field("roles", &Reply::roles, "Role names it carries"),
          field("header", &Reply::header, "An access token's header, not to be trusted unless valid"),
          field("claims", &Reply::claims, "An access token's claims, not to be trusted unless valid")};
    }
  };

  static constexpr OperationInfo info{.name = "inspect_token",
                                      .summary = "Decode a token and tell whether it is good",
                                      .method = "POST",
                                      .path = "/v1/admin/tokens/inspect",
                                      .needs = "introspect:token",
                                      .command = "token inspect"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
