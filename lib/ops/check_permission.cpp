// SPDX-License-Identifier: Apache-2.0
#include "ops/check_permission.hpp"

#include "model/permission.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"

namespace muster::ops {
namespace {

/// A user that does not exist is allowed nothing.
Result<bool> answer(Context& context, const PermissionQuestion& question) {
  auto allowed = context.authorizer.allows(question.user_id, question.permission);
  if (!allowed && allowed.error().code == ErrorCode::not_found) return false;
  return allowed;
}

}  // namespace

Result<CheckPermission::Reply> CheckPermission::run(Context& context, Call& /*call*/,
                                                    const Request& request) {
  MUSTER_TRY(const bool allowed, answer(context, request));
  return Reply{allowed};
}

std::optional<Result<CheckPermission::Reply>> CheckPermission::run_from_memory(Context& context,
                                                                               Call& /*call*/,
                                                                               const Request& request) {
  const auto known = context.authorizer.allows_from_memory(request.user_id, request.permission);
  if (!known) return std::nullopt;
  if (!*known) return Result<Reply>(fail(known->error()));
  return Result<Reply>(Reply{**known});
}

Result<CheckPermissions::Reply> CheckPermissions::run(Context& context, Call& /*call*/,
                                                      const Request& request) {
  Reply reply;
  reply.results.reserve(request.items.size());
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    MUSTER_CHECK_OK(model::check_permission_code(request.items[i].permission,
                                                 "items[" + std::to_string(i) + "].permission"));
    MUSTER_TRY(const bool allowed, answer(context, request.items[i]));
    reply.results.push_back({allowed});
  }
  return reply;
}

}  // namespace muster::ops
