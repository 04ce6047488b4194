// SPDX-License-Identifier: Apache-2.0
/// @file Revokes tokens and sessions: of a session, a user, everybody who holds a role, or all. Durable, and
/// in force on this daemon for the very next request, before it is acknowledged.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct RevokeTokens {
  struct Request {
    std::optional<SessionId> session_id;
    std::optional<UserId> user_id;
    std::optional<std::string> role;
    bool all = false;
    std::optional<Time> issued_before;
    std::optional<std::string> reason;
    bool wait = false;

    static constexpr auto fields() {
      return std::tuple{
          field("session_id", &Request::session_id, "Of this session"),
          field("user_id", &Request::user_id, "Of this user"),
          field("role", &Request::role, "Of everybody who holds this role, directly or by inheritance")
              .length(1, 64),
          field("all", &Request::all, "Of everybody").optional(),
          field("issued_before", &Request::issued_before,
                "Only what was issued before this time; not in the future"),
          field("reason", &Request::reason, "Why, for the audit log").length(0, 512),
          field("wait", &Request::wait, "Answer when every daemon has it in force").optional()};
    }
  };
  struct Reply {
    std::int64_t epoch = 0;
    std::int64_t sessions = 0;
    std::optional<std::int64_t> nodes;
    std::optional<std::string> slowest_node;
    std::optional<double> slowest_ms;

    static constexpr auto fields() {
      return std::tuple{
          field("epoch", &Reply::epoch, "The revocation's number; only grows"),
          field("sessions", &Reply::sessions, "How many live sessions it ended"),
          field("nodes", &Reply::nodes, "With wait: how many daemons have it in force"),
          field("slowest_node", &Reply::slowest_node, "With wait: the last daemon to have it in force"),
          field("slowest_ms", &Reply::slowest_ms, "With wait: how long that one took, in milliseconds")};
    }
  };

  static constexpr OperationInfo info{.name = "revoke_tokens",
                                      .summary = "Revoke tokens and sessions",
                                      .method = "POST",
                                      .path = "/v1/admin/revocations",
                                      .needs = "revoke:token",
                                      .command = "token revoke",
                                      .destructive = true,
                                      .help = "Exactly one of session_id, user_id, role and all says whose."};

  /// Errors: not_found (session, user, role), invalid_argument.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

/// Goes on with the revocations by role that were begun and not ended, because the daemon died or the store
/// failed. Each is recorded once, when it ends.
Status finish_role_revocations(Context& context);

}  // namespace muster::ops
