// SPDX-License-Identifier: Apache-2.0
/// @file Changes a role by a merge patch.
#pragma once

#include "model/role.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct UpdateRole {
  struct Request {
    std::string role;
    Patch<std::string> description;
    Patch<std::vector<std::string>> permissions;
    Patch<std::vector<std::string>> parents;
    Patch<std::vector<std::string>> exclusive_with;

    static constexpr auto fields() {
      return std::tuple{
          field("role", &Request::role, "The role's name").length(1, 64),
          field("description", &Request::description, "What it is for").length(0, 512),
          field("permissions", &Request::permissions, "All its own permission codes").length(0, 1000),
          field("parents", &Request::parents, "All roles it inherits from").length(0, 64),
          field("exclusive_with", &Request::exclusive_with, "All roles nobody may hold beside it")
              .length(0, 256)};
    }
  };
  using Reply = model::Role;

  static constexpr OperationInfo info{
      .name = "update_role",
      .summary = "Change a role",
      .method = "PATCH",
      .path = "/v1/roles/{role}",
      .needs = "update:role",
      .command = "role update",
      .help =
          "A list that is given replaces the one there was. Refused: a cycle, a change of a built-in role, "
          "and "
          "one that would make somebody hold two roles that exclude each other."};

  /// Errors: not_found, invalid_argument, conflict, precondition_failed, permission_denied.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
