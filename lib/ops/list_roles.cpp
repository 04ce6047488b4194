// SPDX-License-Identifier: Apache-2.0
#include "ops/list_roles.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"

#include <algorithm>

namespace muster::ops {

Result<ListRoles::Reply> ListRoles::run(Context& context, Call& /*call*/, const Request& request) {
  MUSTER_TRY(const auto compiled, context.authorizer.roles());
  const auto all = compiled->graph().roles();
  auto from = all.begin();
  if (request.cursor) {
    MUSTER_TRY(const std::string after, read_cursor("roles", *request.cursor));
    from =
        std::upper_bound(all.begin(), all.end(), after,
                         [](const std::string& name, const model::Role& role) { return name < role.name; });
  }
  const auto count = std::min<std::ptrdiff_t>(request.limit + 1, all.end() - from);
  return make_page(std::vector<model::Role>(from, from + count), request.limit, "roles",
                   [](const model::Role& role) { return role.name; });
}

}  // namespace muster::ops
