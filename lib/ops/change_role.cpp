// SPDX-License-Identifier: Apache-2.0
#include "ops/change_role.hpp"

#include "model/permission.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/role_rules.hpp"
#include "ports/role_store.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

using Names = std::vector<std::string>;

enum class Place { in, out };

/// Puts `name` into the role's list, or takes it out: whether that changed anything.
Result<Changed> edit_list(Context& context, Call& call, const std::string& role_name,
                          Names model::Role::*list, const std::string& name, Place place) {
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  return call.commit<Changed>(
      context, ports::Home::catalog(), [&](ports::Unit& unit, Change& change) -> Result<Changed> {
        MUSTER_CHECK_OK(
            change_role(context, unit, call, change, known, role_name, [&](model::Role& role) -> Status {
              Names& names = role.*list;
              std::erase(names, name);
              if (place == Place::in) names.push_back(name);
              return {};
            }));
        return Changed{!change.target.empty()};
      });
}

/// Of an exclusion, which is of both, a built-in role is the other one: it cannot change itself.
Result<RolePair> turned(Context& context, const RolePair& pair) {
  MUSTER_TRY(const RolesNow roles, context.authorizer.roles());
  const model::Role* role = roles->graph().find(pair.role);
  const model::Role* other = roles->graph().find(pair.other);
  if (role == nullptr) return fail(no_such_role(pair.role));
  if (other == nullptr) return fail(no_such_role(pair.other));
  if (role->built_in && !other->built_in) return RolePair{pair.other, pair.role};
  return pair;
}

Status check_parent(Context& context, const std::string& parent) {
  MUSTER_TRY(const RolesNow roles, context.authorizer.roles());
  if (roles->graph().find(parent) == nullptr) return fail(no_such_role(parent));
  return {};
}

}  // namespace

Result<Changed> AllowPermission::run(Context& context, Call& call, const Request& request) {
  MUSTER_CHECK_OK(model::check_permission_code(request.code, "code"));
  return edit_list(context, call, request.role, &model::Role::permissions, request.code, Place::in);
}

Result<Changed> DisallowPermission::run(Context& context, Call& call, const Request& request) {
  MUSTER_CHECK_OK(model::check_permission_code(request.code, "code"));
  return edit_list(context, call, request.role, &model::Role::permissions, request.code, Place::out);
}

Result<Changed> InheritRole::run(Context& context, Call& call, const Request& request) {
  MUSTER_CHECK_OK(check_parent(context, request.parent));
  return edit_list(context, call, request.role, &model::Role::parents, request.parent, Place::in);
}

Result<Changed> DisinheritRole::run(Context& context, Call& call, const Request& request) {
  return edit_list(context, call, request.role, &model::Role::parents, request.parent, Place::out);
}

Result<Changed> ExcludeRole::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const RolePair pair, turned(context, request));
  return edit_list(context, call, pair.role, &model::Role::exclusive_with, pair.other, Place::in);
}

Result<Changed> UnexcludeRole::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(const RolePair pair, turned(context, request));
  return edit_list(context, call, pair.role, &model::Role::exclusive_with, pair.other, Place::out);
}

}  // namespace muster::ops
