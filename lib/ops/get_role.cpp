// SPDX-License-Identifier: Apache-2.0
#include "ops/get_role.hpp"

#include "ops/context.hpp"
#include "ports/role_store.hpp"

namespace muster::ops {

Result<GetRole::Reply> GetRole::run(Context& context, Call& /*call*/, const Request& request) {
  std::optional<model::Role> found;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(found, unit.roles().find(request.role));
    return {};
  }));
  if (!found) return fail(ErrorCode::not_found, "there is no role " + request.role);
  return std::move(*found);
}

}  // namespace muster::ops
