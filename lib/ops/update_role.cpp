// SPDX-License-Identifier: Apache-2.0
#include "ops/update_role.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/role_rules.hpp"

namespace muster::ops {

Result<UpdateRole::Reply> UpdateRole::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  return call.commit<Reply>(
      context, ports::Home::catalog(), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
        return change_role(context, unit, call, change, known, request.role,
                           [&](model::Role& role) -> Status {
                             // A member that is null goes back to what it is without one: nothing.
                             if (request.description.present)
                               role.description = request.description.value.value_or("");
                             using Names = std::vector<std::string>;
                             if (request.permissions.present)
                               role.permissions = request.permissions.value.value_or(Names{});
                             if (request.parents.present)
                               role.parents = request.parents.value.value_or(Names{});
                             if (request.exclusive_with.present)
                               role.exclusive_with = request.exclusive_with.value.value_or(Names{});
                             return {};
                           });
      });
}

}  // namespace muster::ops
