// SPDX-License-Identifier: Apache-2.0
#include "ops/list_role_members.hpp"

#include "ops/context.hpp"
#include "ops/role_rules.hpp"
#include "ports/role_store.hpp"
#include "ports/user_store.hpp"

namespace muster::ops {

namespace {

/// Of one part: members behind a user, whose grants are in force, and whether there are more than `limit`.
Status list_members(ports::Unit& unit, const std::string& role, std::optional<UserId> after, Time now,
                    std::size_t limit, PartPage<RoleMember>& page) {
  page = {};
  for (;;) {
    MUSTER_TRY(const auto members, unit.grants().members(role, after, limit + 1));
    for (const ports::Member& member : members) {
      after = member.user;
      if (!member.grant.in_force(now)) continue;
      page.more = page.items.size() == limit;
      if (page.more) return {};
      MUSTER_TRY(const auto user, unit.users().find(member.user));
      const model::Grant& grant = member.grant;
      page.items.push_back({member.user, user ? std::optional(user->username) : std::nullopt, grant.role,
                            grant.granted_by, grant.granted_at, grant.expires_at, grant.reason});
    }
    if (members.size() <= limit) return {};
  }
}

}  // namespace

Result<ListRoleMembers::Reply> ListRoleMembers::run(Context& context, Call& call, const Request& request) {
  const std::string kind = "members/" + request.role;
  MUSTER_TRY(const PartsPlace place, place_of(kind, request.cursor));
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto role, unit.roles().find(request.role));
    if (!role) return fail(no_such_role(request.role));
    return {};
  }));
  const Time now = context.clock.now();
  const auto limit = static_cast<std::size_t>(request.limit);
  std::vector<PartPage<RoleMember>> pages(count_parts(context));
  const auto missing = request.partial ? Missing::allowed : Missing::refused;
  MUSTER_TRY(const auto answer, ask_parts(context, call, missing, [&](std::size_t part, ports::Unit& unit) {
               return list_members(unit, request.role, place.of(part), now, limit, pages.at(part));
             }));
  return merge_parts(std::move(pages), place, answer, limit, kind,
                     [](const RoleMember& member) { return member.user_id; });
}

}  // namespace muster::ops
