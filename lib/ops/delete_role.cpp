// SPDX-License-Identifier: Apache-2.0
#include "ops/delete_role.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ports/role_store.hpp"

namespace muster::ops {

Result<DeleteRole::Reply> DeleteRole::run(Context& context, Call& call, const Request& request) {
  return call.commit<Reply>(
      context, ports::Home::catalog(), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
        MUSTER_CHECK_OK(unit.roles().hold());
        MUSTER_TRY(const auto role, unit.roles().find(request.role));
        if (!role) return Reply{};
        if (role->built_in)
          return fail(ErrorCode::conflict, '"' + request.role + "\" is built in and cannot be deleted");
        MUSTER_CHECK_OK(call.check_version(role->version));
        Reply reply{true, 0};
        MUSTER_TRY(reply.grants, unit.grants().count_members(request.role));
        MUSTER_CHECK_OK(unit.roles().remove(request.role));
        change.target = "role:" + request.role;
        change.before = wire::encode(*role);
        change.count = 1 + reply.grants;
        unit.after_commit([&context] {
          context.authorizer.roles_changed();
          context.authorizer.forget_all();
        });
        return reply;
      });
}

}  // namespace muster::ops
