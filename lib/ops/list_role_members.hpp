// SPDX-License-Identifier: Apache-2.0
/// @file Lists who holds a role directly.
#pragma once

#include "model/role.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/parts.hpp"

namespace muster::ops {

struct RoleMember {
  UserId user_id;
  std::optional<std::string> username;
  std::string role;
  std::string granted_by;
  Time granted_at;
  std::optional<Time> expires_at;
  std::optional<std::string> reason;

  static constexpr auto fields() {
    return std::tuple{field("user_id", &RoleMember::user_id, "Who holds it"),
                      field("username", &RoleMember::username, "The user's login name"),
                      field("role", &RoleMember::role, "The granted role"),
                      field("granted_by", &RoleMember::granted_by, "Who granted it"),
                      field("granted_at", &RoleMember::granted_at, "When it was granted"),
                      field("expires_at", &RoleMember::expires_at, "When it lapses by itself"),
                      field("reason", &RoleMember::reason, "Why it was granted")};
  }
};

struct ListRoleMembers {
  struct Request {
    std::string role;
    std::int64_t limit = page_limit_default;
    std::optional<std::string> cursor;
    bool partial = false;

    static constexpr auto fields() {
      return std::tuple{
          field("role", &Request::role, "The role's name").length(1, 64),
          field("limit", &Request::limit, limit_description).range(1, page_limit_max).optional(),
          field("cursor", &Request::cursor, cursor_description),
          field("partial", &Request::partial, partial_description).optional()};
    }
  };
  using Reply = PartialPage<RoleMember>;

  static constexpr OperationInfo info{.name = "list_role_members",
                                      .summary = "List who holds a role directly, by grants in force",
                                      .method = "GET",
                                      .path = "/v1/roles/{role}/members",
                                      .needs = "read:role",
                                      .command = "role members",
                                      .help = partial_help};

  /// Errors: not_found, unavailable (a part cannot be reached, and partial was not asked for).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
