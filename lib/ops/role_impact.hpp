// SPDX-License-Identifier: Apache-2.0
/// @file Says who would gain or lose what by a change of a role, without changing it.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

/// What one role comes to after the change, inherited codes included.
struct RoleChange {
  std::string role;
  std::vector<std::string> gained;
  std::vector<std::string> lost;

  static constexpr auto fields() {
    return std::tuple{field("role", &RoleChange::role, "A role that comes to other permissions"),
                      field("gained", &RoleChange::gained, "Permission codes it gains"),
                      field("lost", &RoleChange::lost, "Permission codes it loses")};
  }
};

/// What the change does to the users who have one permission code.
struct PermissionChange {
  std::string permission;
  std::int64_t gain = 0;
  std::int64_t lose = 0;
  std::vector<UserId> gaining;
  std::vector<UserId> losing;

  static constexpr auto fields() {
    return std::tuple{field("permission", &PermissionChange::permission, "The permission code"),
                      field("gain", &PermissionChange::gain, "How many users gain it"),
                      field("lose", &PermissionChange::lose, "How many users lose it"),
                      field("gaining", &PermissionChange::gaining, "The first of those who gain it"),
                      field("losing", &PermissionChange::losing, "The first of those who lose it")};
  }
};

struct GetRoleImpact {
  struct Request {
    std::string role;
    std::optional<std::vector<std::string>> permissions;
    std::optional<std::vector<std::string>> parents;
    std::vector<std::string> add_permissions;
    std::vector<std::string> remove_permissions;
    std::vector<std::string> add_parents;
    std::vector<std::string> remove_parents;
    bool remove = false;
    std::int64_t users = 20;

    static constexpr auto fields() {
      return std::tuple{
          field("role", &Request::role, "The role's name").length(1, 64),
          field("permissions", &Request::permissions, "All its own permission codes").length(0, 1000),
          field("parents", &Request::parents, "All roles it inherits from").length(0, 64),
          field("add_permissions", &Request::add_permissions, "Permission codes to add")
              .length(0, 1000)
              .optional(),
          field("remove_permissions", &Request::remove_permissions, "Permission codes to take out")
              .length(0, 1000)
              .optional(),
          field("add_parents", &Request::add_parents, "Roles to inherit from").length(0, 64).optional(),
          field("remove_parents", &Request::remove_parents, "Roles to inherit from no longer")
              .length(0, 64)
              .optional(),
          field("delete", &Request::remove, "Delete the role").optional(),
          field("users", &Request::users, "Name at most this many users for each permission")
              .range(0, 1000)
              .optional()};
    }
  };
  struct Reply {
    std::string role;
    std::int64_t users_affected = 0;
    std::vector<RoleChange> roles;
    std::vector<PermissionChange> permissions;

    static constexpr auto fields() {
      return std::tuple{
          field("role", &Reply::role, "The role that would change"),
          field("users_affected", &Reply::users_affected, "How many users gain or lose something"),
          field("roles", &Reply::roles, "The roles that come to other permissions"),
          field("permissions", &Reply::permissions, "The permission codes that users gain or lose")};
    }
  };

  static constexpr OperationInfo info{.name = "get_role_impact",
                                      .summary = "Show who would gain or lose what by a change of a role",
                                      .method = "POST",
                                      .path = "/v1/roles/{role}/impact",
                                      .needs = "read:role",
                                      .command = "role impact",
                                      .help = "Nothing is changed."};

  /// Errors: not_found, invalid_argument, conflict (the change itself would be refused).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
