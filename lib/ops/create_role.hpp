// SPDX-License-Identifier: Apache-2.0
/// @file Creates a role.
#pragma once

#include "model/role.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct CreateRole {
  struct Request {
    std::string name;
    std::string description;
    std::vector<std::string> permissions;
    std::vector<std::string> parents;

    static constexpr auto fields() {
      return std::tuple{
          field("name", &Request::name, "Its name: A-Z, a-z, 0-9, \"_\", \".\", \"-\"").length(1, 64),
          field("description", &Request::description, "What it is for").length(0, 512).optional(),
          field("permissions", &Request::permissions, "Permission codes, action:resource; * stands for any")
              .length(0, 1000)
              .optional(),
          field("parents", &Request::parents, "Roles whose permissions it inherits")
              .length(0, 64)
              .optional()};
    }
  };
  using Reply = model::Role;

  static constexpr OperationInfo info{
      .name = "create_role",
      .summary = "Create a role",
      .method = "POST",
      .path = "/v1/roles",
      .needs = "create:role",
      .http_status = 201,
      .command = "role create",
      .help = "Over the network a caller can only put permissions into a role that it has itself."};

  /// Errors: already_exists, invalid_argument, permission_denied (more than the caller has).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
