// SPDX-License-Identifier: Apache-2.0
/// @file Changes one thing about a role: a permission, a parent, an exclusion. Each is the same change as
/// update_role with the whole list, and obeys the same rules. Errors of all: not_found, invalid_argument,
/// conflict (cycle, built-in role, separation of duty), precondition_failed, permission_denied.
#pragma once

#include "ops/call.hpp"
#include "ops/changed.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct RolePermission {
  std::string role;
  std::string code;

  static constexpr auto fields() {
    return std::tuple{
        field("role", &RolePermission::role, "The role's name").length(1, 64),
        field("code", &RolePermission::code, "The permission code, action:resource").length(3, 129)};
  }
};

struct RoleParent {
  std::string role;
  std::string parent;

  static constexpr auto fields() {
    return std::tuple{field("role", &RoleParent::role, "The role that inherits").length(1, 64),
                      field("parent", &RoleParent::parent, "The role it inherits from").length(1, 64)};
  }
};

struct RolePair {
  std::string role;
  std::string other;

  static constexpr auto fields() {
    return std::tuple{field("role", &RolePair::role, "One role").length(1, 64),
                      field("other", &RolePair::other, "The other role").length(1, 64)};
  }
};

struct AllowPermission {
  using Request = RolePermission;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "allow_permission",
                                      .summary = "Add a permission to a role",
                                      .method = "PUT",
                                      .path = "/v1/roles/{role}/permissions/{code}",
                                      .needs = "update:role",
                                      .command = "role allow"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct DisallowPermission {
  using Request = RolePermission;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "disallow_permission",
                                      .summary = "Take a permission out of a role",
                                      .method = "DELETE",
                                      .path = "/v1/roles/{role}/permissions/{code}",
                                      .needs = "update:role",
                                      .command = "role disallow"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct InheritRole {
  using Request = RoleParent;
  using Reply = Changed;

  static constexpr OperationInfo info{
      .name = "inherit_role",
      .summary = "Let a role inherit from another",
      .method = "PUT",
      .path = "/v1/roles/{role}/parents/{parent}",
      .needs = "update:role",
      .command = "role inherit",
      .help =
          "Refused when it would close a cycle, or make somebody hold two roles that exclude each other."};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct DisinheritRole {
  using Request = RoleParent;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "disinherit_role",
                                      .summary = "End a role's inheritance from another",
                                      .method = "DELETE",
                                      .path = "/v1/roles/{role}/parents/{parent}",
                                      .needs = "update:role",
                                      .command = "role disinherit"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct ExcludeRole {
  using Request = RolePair;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "exclude_role",
                                      .summary = "Make two roles exclude each other",
                                      .method = "PUT",
                                      .path = "/v1/roles/{role}/exclusions/{other}",
                                      .needs = "update:role",
                                      .command = "role exclude",
                                      .help =
                                          "Separation of duty: from then on nobody may hold both, directly "
                                          "or by inheritance. Refused while somebody does."};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct UnexcludeRole {
  using Request = RolePair;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "unexclude_role",
                                      .summary = "Let two roles be held together again",
                                      .method = "DELETE",
                                      .path = "/v1/roles/{role}/exclusions/{other}",
                                      .needs = "update:role",
                                      .command = "role unexclude"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
