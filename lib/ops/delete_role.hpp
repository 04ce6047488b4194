// SPDX-License-Identifier: Apache-2.0
/// @file Deletes a role with its grants.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct DeleteRole {
  struct Request {
    std::string role;

    static constexpr auto fields() {
      return std::tuple{field("role", &Request::role, "The role's name").length(1, 64)};
    }
  };
  struct Reply {
    bool changed = false;
    std::int64_t grants = 0;

    static constexpr auto fields() {
      return std::tuple{field("changed", &Reply::changed, "False when there was no such role"),
                        field("grants", &Reply::grants, "How many grants of it went with it")};
    }
  };

  static constexpr OperationInfo info{.name = "delete_role",
                                      .summary = "Delete a role and all grants of it",
                                      .method = "DELETE",
                                      .path = "/v1/roles/{role}",
                                      .needs = "delete:role",
                                      .command = "role delete",
                                      .destructive = true};

  /// Errors: conflict (built in), precondition_failed.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
