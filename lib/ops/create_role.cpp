// SPDX-License-Identifier: Apache-2.0
#include "ops/create_role.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/role_rules.hpp"
#include "ports/role_store.hpp"

namespace muster::ops {

Result<CreateRole::Reply> CreateRole::run(Context& context, Call& call, const Request& request) {
  model::Role role;
  role.name = request.name;
  role.description = request.description;
  role.permissions = sorted_names(request.permissions);
  role.parents = sorted_names(request.parents);
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  return call.commit<Reply>(context, ports::Home::catalog(),
                            [&](ports::Unit& unit, Change& change) -> Result<Reply> {
                              MUSTER_CHECK_OK(unit.roles().hold());
                              MUSTER_TRY(const RolesNow roles, roles_in(unit, known));
                              const model::RoleGraph& graph = roles->graph();
                              if (graph.find(role.name) != nullptr)
                                return fail(Error{ErrorCode::already_exists,
                                                  "there is a role \"" + role.name + "\" already",
                                                  {},
                                                  {{"name", "is taken"}},
                                                  {}});
                              MUSTER_CHECK_OK(graph.check(role));
                              const model::RoleGraph after = graph.with(role);
                              std::vector<std::string> codes;
                              for (const std::string& each : after.ancestors(role.name)) {
                                const auto& own = after.find(each)->permissions;
                                codes.insert(codes.end(), own.begin(), own.end());
                              }
                              MUSTER_CHECK_OK(check_hands_out(context, unit, call, *roles, codes));
                              Reply created = role;
                              MUSTER_CHECK_OK(unit.roles().create(created));
                              change.target = "role:" + created.name;
                              change.after = wire::encode(created);
                              unit.after_commit([&context] { context.authorizer.roles_changed(); });
                              return created;
                            });
}

}  // namespace muster::ops
