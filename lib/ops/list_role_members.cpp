// SPDX-License-Identifier: Apache-2.0
#include "ops/list_role_members.hpp"

#include "ops/context.hpp"
#include "ops/role_rules.hpp"
#include "ports/role_store.hpp"
#include "ports/user_store.hpp"

namespace muster::ops {

Result<ListRoleMembers::Reply> ListRoleMembers::run(Context& context, Call& /*call*/,
                                                    const Request& request) {
  const std::string kind = "members/" + request.role;
  std::optional<UserId> after;
  if (request.cursor) {
    MUSTER_TRY(const std::int64_t key, read_number_cursor(kind, *request.cursor));
    after = UserId{key};
  }
  const Time now = context.clock.now();
  const auto wanted = static_cast<std::size_t>(request.limit) + 1;
  std::vector<RoleMember> items;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    items.clear();
    MUSTER_TRY(const auto role, unit.roles().find(request.role));
    if (!role) return fail(no_such_role(request.role));
    std::optional<UserId> last = after;
    while (items.size() < wanted) {
      MUSTER_TRY(const auto members, unit.grants().members(request.role, last, wanted));
      for (const ports::Member& member : members) {
        last = member.user;
        if (!member.grant.in_force(now) || items.size() == wanted) continue;
        MUSTER_TRY(const auto user, unit.users().find(member.user));
        const model::Grant& grant = member.grant;
        items.push_back({member.user, user ? std::optional(user->username) : std::nullopt, grant.role,
                         grant.granted_by, grant.granted_at, grant.expires_at, grant.reason});
      }
      if (members.size() < wanted) break;
    }
    return {};
  }));
  return make_page(std::move(items), request.limit, kind,
                   [](const RoleMember& member) { return member.user_id.text(); });
}

}  // namespace muster::ops
