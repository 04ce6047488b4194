// SPDX-License-Identifier: Apache-2.0
#include "ops/grant_role.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/role_rules.hpp"
#include "ops/user_changes.hpp"
#include "ports/role_store.hpp"
#include "ports/user_store.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

/// Error: not_found.
Result<std::vector<model::Grant>> grants_of(ports::Unit& unit, UserId user) {
  MUSTER_TRY(const auto found, unit.users().find(user));
  if (!found) return fail(ErrorCode::not_found, "there is no user " + user.text());
  return unit.grants().list(user);
}

const model::Grant* find_grant(const std::vector<model::Grant>& grants, const std::string& role, Time now) {
  for (const model::Grant& grant : grants)
    if (grant.role == role && grant.in_force(now)) return &grant;
  return nullptr;
}

Status check_separation(const model::RoleGraph& graph, const std::vector<model::Grant>& grants,
                        const std::string& role, Time now) {
  std::vector<std::string> held{role};
  for (const model::Grant& grant : grants)
    if (grant.in_force(now)) held.push_back(grant.role);
  if (const auto conflict = graph.conflict(held))
    return fail(ErrorCode::conflict, "nobody may hold both: " + conflict->text());
  return {};
}

}  // namespace

Result<GrantRole::Reply> GrantRole::run(Context& context, Call& call, const Request& request) {
  const Time now = context.clock.now();
  if (request.expires_at && *request.expires_at <= now)
    return fail(Error::invalid("expires_at", "must be in the future"));
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  return call.commit<Reply>(
      context, ports::Home::of(request.id), [&](ports::Unit& unit, Change& change) -> Result<Reply> {
        MUSTER_TRY(const auto grants, grants_of(unit, request.id));
        MUSTER_TRY(const RolesNow roles, roles_in(unit, known));
        if (roles->graph().find(request.role) == nullptr) return fail(no_such_role(request.role));
        const auto codes = roles->permissions_of(std::span(&request.role, 1));
        MUSTER_CHECK_OK(check_hands_out(context, unit, call, *roles, codes));
        const model::Grant* before = find_grant(grants, request.role, now);
        if (before != nullptr && before->expires_at == request.expires_at && before->reason == request.reason)
          return Reply{false};
        MUSTER_CHECK_OK(check_separation(roles->graph(), grants, request.role, now));
        const model::Grant grant{request.role, call.caller.actor(), now, request.expires_at, request.reason};
        MUSTER_CHECK_OK(unit.grants().put(request.id, grant));
        change.target = "user:" + request.id.text();
        if (before != nullptr) change.before = wire::encode(*before);
        change.after = wire::encode(grant);
        forget_after_commit(context, unit, request.id);
        return Reply{true};
      });
}

Result<RevokeRole::Reply> RevokeRole::run(Context& context, Call& call, const Request& request) {
  const Time now = context.clock.now();
  return call.commit<Reply>(context, ports::Home::of(request.id),
                            [&](ports::Unit& unit, Change& change) -> Result<Reply> {
                              MUSTER_TRY(const auto grants, grants_of(unit, request.id));
                              const model::Grant* before = find_grant(grants, request.role, now);
                              if (before == nullptr) {
                                MUSTER_TRY(const auto role, unit.roles().find(request.role));
                                if (!role) return fail(no_such_role(request.role));
                                return Reply{false};
                              }
                              MUSTER_CHECK_OK(unit.grants().remove(request.id, request.role));
                              change.target = "user:" + request.id.text();
                              change.before = wire::encode(*before);
                              forget_after_commit(context, unit, request.id);
                              return Reply{true};
                            });
}

}  // namespace muster::ops
