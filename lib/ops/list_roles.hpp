// SPDX-License-Identifier: Apache-2.0
/// @file Lists the roles by name.
#pragma once

#include "model/role.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

struct ListRoles {
  struct Request {
    std::int64_t limit = page_limit_default;
    std::optional<std::string> cursor;

    static constexpr auto fields() {
      return std::tuple{
          field("limit", &Request::limit, limit_description).range(1, page_limit_max).optional(),
          field("cursor", &Request::cursor, cursor_description)};
    }
  };
  using Reply = Page<model::Role>;

  static constexpr OperationInfo info{.name = "list_roles",
                                      .summary = "List roles",
                                      .method = "GET",
                                      .path = "/v1/roles",
                                      .needs = "read:role",
                                      .command = "role list"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
