// SPDX-License-Identifier: Apache-2.0
/// @file Shows one role.
#pragma once

#include "model/role.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct GetRole {
  struct Request {
    std::string role;

    static constexpr auto fields() {
      return std::tuple{field("role", &Request::role, "The role's name").length(1, 64)};
    }
  };
  using Reply = model::Role;

  static constexpr OperationInfo info{.name = "get_role",
                                      .summary = "Show one role",
                                      .method = "GET",
                                      .path = "/v1/roles/{role}",
                                      .needs = "read:role",
                                      .command = "role get"};

  /// Error: not_found.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
