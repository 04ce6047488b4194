// SPDX-License-Identifier: Apache-2.0
/// @file Grants a role to a user and takes it back. In force for the very next check.
#pragma once

#include "ops/call.hpp"
#include "ops/changed.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct GrantRole {
  struct Request {
    UserId id;
    std::string role;
    std::optional<Time> expires_at;
    std::optional<std::string> reason;

    static constexpr auto fields() {
      return std::tuple{field("id", &Request::id, "The user's id"),
                        field("role", &Request::role, "The role to grant").length(1, 64),
                        field("expires_at", &Request::expires_at, "When it lapses by itself; absent: never"),
                        field("reason", &Request::reason, "Why, for those who look later").length(0, 512)};
    }
  };
  using Reply = Changed;

  static constexpr OperationInfo info{
      .name = "grant_role",
      .summary = "Grant a role to a user",
      .method = "PUT",
      .path = "/v1/users/{id}/roles/{role}",
      .needs = "grant:role",
      .command = "role grant",
      .help =
          "Refused when the user would hold two roles that exclude each other. Over the network a caller can "
          "only grant a role whose permissions it has itself."};

  /// Errors: not_found (user or role), invalid_argument, conflict (separation of duty), permission_denied.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct RevokeRole {
  struct Request {
    UserId id;
    std::string role;

    static constexpr auto fields() {
      return std::tuple{field("id", &Request::id, "The user's id"),
                        field("role", &Request::role, "The role to take back").length(1, 64)};
    }
  };
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "revoke_role",
                                      .summary = "Take a role back from a user",
                                      .method = "DELETE",
                                      .path = "/v1/users/{id}/roles/{role}",
                                      .needs = "grant:role",
                                      .command = "role revoke"};

  /// Error: not_found (user or role).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
