// SPDX-License-Identifier: Apache-2.0
/// @file Shows what a user holds: the grants in force, and the permission codes they come to.
#pragma once

#include "model/role.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

struct UserListRequest {
  UserId id;
  std::int64_t limit = page_limit_default;
  std::optional<std::string> cursor;

  static constexpr auto fields() {
    return std::tuple{
        field("id", &UserListRequest::id, "The user's id"),
        field("limit", &UserListRequest::limit, limit_description).range(1, page_limit_max).optional(),
        field("cursor", &UserListRequest::cursor, cursor_description)};
  }
};

struct ListUserRoles {
  using Request = UserListRequest;
  using Reply = Page<model::Grant>;

  static constexpr OperationInfo info{.name = "list_user_roles",
                                      .summary = "List the roles granted to a user",
                                      .method = "GET",
                                      .path = "/v1/users/{id}/roles",
                                      .needs = "read:user",
                                      .own_allowed = true,
                                      .command = "user roles",
                                      .help = "Lapsed grants are not shown."};

  /// Error: not_found.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct ListUserPermissions {
  using Request = UserListRequest;
  using Reply = Page<std::string>;

  static constexpr OperationInfo info{.name = "list_user_permissions",
                                      .summary = "List the permission codes a user comes to",
                                      .method = "GET",
                                      .path = "/v1/users/{id}/permissions",
                                      .needs = "read:user",
                                      .own_allowed = true,
                                      .command = "user permissions",
                                      .help = "Of all grants in force, inherited codes included, sorted."};

  /// Error: not_found.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
