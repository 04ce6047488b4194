// SPDX-License-Identifier: Apache-2.0
#include "ops/explain_permission.hpp"

#include "model/permission.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"

namespace muster::ops {
namespace {

std::string describe(const model::GrantPath& path) {
  std::string out = "the role " + path.grant.role + " has " + path.code;
  if (path.roles.size() > 1) {
    out += " by inheritance (";
    for (std::size_t i = 0; i < path.roles.size(); ++i) out += (i == 0 ? "" : " -> ") + path.roles[i];
    out += ')';
  }
  out += "; granted by " + path.grant.granted_by + " on " + format_time(path.grant.granted_at);
  if (path.grant.expires_at) out += ", until " + format_time(*path.grant.expires_at);
  return out;
}

std::string in_words(const ExplainPermission::Reply& reply) {
  if (reply.status == model::UserStatus::disabled)
    return reply.path ? "no: the user is disabled; enabled, it would be yes: " + describe(*reply.path)
                      : "no: the user is disabled, and no grant would allow it either";
  if (reply.path) return "yes: " + describe(*reply.path);
  if (reply.would_allow.empty()) return "no: no role has this permission";
  return "no: no grant in force allows it; the smallest that would is the role " +
         reply.would_allow.front().role;
}

}  // namespace

Result<ExplainPermission::Reply> ExplainPermission::run(Context& context, Call& /*call*/,
                                                        const Request& request) {
  MUSTER_CHECK_OK(model::check_permission_code(request.permission));
  MUSTER_TRY(const auto roles, context.authorizer.roles());
  MUSTER_TRY(const auto holdings, context.authorizer.holdings(request.user_id));
  if (!holdings->exists) return fail(ErrorCode::not_found, "there is no user " + request.user_id.text());
  auto explanation = roles->explain(holdings->grants, request.permission, context.clock.now());
  Reply reply;
  reply.user_id = request.user_id;
  reply.permission = request.permission;
  reply.allowed = explanation.allowed && holdings->active;
  reply.status = holdings->active ? model::UserStatus::active : model::UserStatus::disabled;
  reply.path = std::move(explanation.path);
  reply.would_allow = std::move(explanation.would_allow);
  reply.message = in_words(reply);
  return reply;
}

}  // namespace muster::ops
