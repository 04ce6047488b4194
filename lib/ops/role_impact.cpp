// SPDX-License-Identifier: Apache-2.0
#include "ops/role_impact.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/role_rules.hpp"
#include "ports/role_store.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_set>

namespace muster::ops {
namespace {

using Names = std::vector<std::string>;

constexpr std::size_t members_read_at_once = 1000;

struct Difference {
  Names gained;
  Names lost;
};

Difference difference(const Names& had, const Names& has) {
  Difference out;
  std::set_difference(has.begin(), has.end(), had.begin(), had.end(), std::back_inserter(out.gained));
  std::set_difference(had.begin(), had.end(), has.begin(), has.end(), std::back_inserter(out.lost));
  return out;
}

void edit(Names& names, const std::optional<Names>& all, const Names& add, const Names& remove) {
  if (all) names = *all;
  names.insert(names.end(), add.begin(), add.end());
  std::erase_if(names, [&](const std::string& name) {
    return std::find(remove.begin(), remove.end(), name) != remove.end();
  });
  names = sorted_names(std::move(names));
}

/// The graph after the change. Errors: those the change itself would have.
Result<model::RoleGraph> changed_graph(const model::RoleGraph& graph, const GetRoleImpact::Request& request) {
  const model::Role* found = graph.find(request.role);
  if (found == nullptr) return fail(no_such_role(request.role));
  if (request.remove) {
    if (found->built_in)
      return fail(ErrorCode::conflict, '"' + request.role + "\" is built in and cannot be deleted");
    return graph.without(request.role);
  }
  model::Role role = *found;
  edit(role.permissions, request.permissions, request.add_permissions, request.remove_permissions);
  edit(role.parents, request.parents, request.add_parents, request.remove_parents);
  if (role != *found) MUSTER_CHECK_OK(graph.check(role));
  return graph.with(role);
}

/// Counts over users what the change does, each set of held roles being compared once.
class Tally {
 public:
  Tally(const model::CompiledRoles& before, const model::CompiledRoles& after, std::size_t named_max)
      : before_(before), after_(after), named_max_(named_max) {}

  void add(UserId user, const Names& held) {
    const auto [entry, fresh] = known_.try_emplace(held);
    if (fresh) entry->second = difference(before_.permissions_of(held), after_.permissions_of(held));
    const Difference& change = entry->second;
    if (!change.gained.empty() || !change.lost.empty()) ++users_;
    for (const std::string& code : change.gained) {
      PermissionChange& of = changes_[code];
      ++of.gain;
      if (of.gaining.size() < named_max_) of.gaining.push_back(user);
    }
    for (const std::string& code : change.lost) {
      PermissionChange& of = changes_[code];
      ++of.lose;
      if (of.losing.size() < named_max_) of.losing.push_back(user);
    }
    if (known_.size() > sets_max) known_.clear();
  }

  void put_into(GetRoleImpact::Reply& reply) {
    reply.users_affected = users_;
    for (auto& [code, change] : changes_) {
      change.permission = code;
      reply.permissions.push_back(std::move(change));
    }
  }

 private:
  static constexpr std::size_t sets_max = 1000;

  const model::CompiledRoles& before_;
  const model::CompiledRoles& after_;
  std::size_t named_max_;
  std::map<Names, Difference> known_;
  std::map<std::string, PermissionChange> changes_;
  std::int64_t users_ = 0;
};

/// Every user who directly holds one of the roles, each once.
Status tally_members(ports::Unit& unit, const Names& roles, Time now, Tally& tally) {
  std::unordered_set<UserId> seen;
  for (const std::string& role : roles) {
    std::optional<UserId> after;
    for (;;) {
      MUSTER_TRY(const auto members, unit.grants().members(role, after, members_read_at_once));
      for (const ports::Member& member : members) {
        after = member.user;
        if (!member.grant.in_force(now) || !seen.insert(member.user).second) continue;
        MUSTER_TRY(const auto grants, unit.grants().list(member.user));
        Names held;
        for (const model::Grant& grant : grants)
          if (grant.in_force(now)) held.push_back(grant.role);
        tally.add(member.user, held);
      }
      if (members.size() < members_read_at_once) break;
    }
  }
  return {};
}

}  // namespace

Result<GetRoleImpact::Reply> GetRoleImpact::run(Context& context, Call& /*call*/, const Request& request) {
  MUSTER_TRY(const RolesNow known, context.authorizer.roles());
  const Time now = context.clock.now();
  Reply reply;
  const Status done = context.store.read([&](ports::Unit& unit) -> Status {
    reply = {};
    reply.role = request.role;
    MUSTER_TRY(const RolesNow before, roles_in(unit, known));
    MUSTER_TRY(model::RoleGraph graph, changed_graph(before->graph(), request));
    if (!request.remove) MUSTER_CHECK_OK(check_holders(unit, graph, request.role, now));
    const auto after = model::CompiledRoles::compile(std::move(graph), before->version());
    Names changed;
    for (model::RoleImpact& each : model::impact(*before, *after)) {
      changed.push_back(each.role);
      reply.roles.push_back({std::move(each.role), std::move(each.gained), std::move(each.lost)});
    }
    Tally tally(*before, *after, static_cast<std::size_t>(request.users));
    MUSTER_CHECK_OK(tally_members(unit, changed, now, tally));
    tally.put_into(reply);
    return {};
  });
  if (!done) return fail(done.error());
  return reply;
}

}  // namespace muster::ops
