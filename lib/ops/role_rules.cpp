// SPDX-License-Identifier: Apache-2.0
#include "ops/role_rules.hpp"

#include "model/builtin_roles.hpp"
#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ports/role_store.hpp"
#include "ports/user_store.hpp"

#include <algorithm>
#include <iterator>

namespace muster::ops {
namespace {

constexpr std::size_t holders_named_max = 5;

std::vector<std::string> codes_of(const model::RoleGraph& graph, const std::string& role) {
  std::vector<std::string> out;
  for (const std::string& each : graph.ancestors(role)) {
    const auto& own = graph.find(each)->permissions;
    out.insert(out.end(), own.begin(), own.end());
  }
  return sorted_names(std::move(out));
}

/// None while the caller is disabled.
Result<std::vector<model::Grant>> grants_of_caller(ports::Unit& unit, const Call& call) {
  MUSTER_TRY(const auto caller, unit.users().find(call.caller.user));
  if (!caller || caller->status != model::UserStatus::active) return std::vector<model::Grant>();
  return unit.grants().list(call.caller.user);
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

}  // namespace

std::vector<std::string> sorted_names(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Error no_such_role(const std::string& name) {
  return Error{ErrorCode::not_found, "there is no role " + quoted(name), {}, {}, {}};
}

Result<RolesNow> roles_in(ports::Unit& unit, const RolesNow& known) {
  MUSTER_TRY(const std::int64_t version, unit.roles().version());
  if (known && known->version() == version) return known;
  MUSTER_TRY(auto all, unit.roles().all());
  return model::CompiledRoles::compile(model::RoleGraph(std::move(all)), version);
}

Status check_hands_out(Context& context, ports::Unit& unit, const Call& call,
                       const model::CompiledRoles& roles, std::span<const std::string> codes) {
  if (call.caller.kind != Caller::Kind::user || codes.empty()) return {};
  MUSTER_TRY(const auto grants, grants_of_caller(unit, call));
  const Time now = context.clock.now();
  for (const std::string& code : codes)
    if (!roles.allows(std::span<const model::Grant>(grants), code, now))
      return fail(ErrorCode::permission_denied,
                  "nobody can hand out a permission they do not have, and you do not have " + code);
  return {};
}

Status check_no_more_rights(Context& context, ports::Unit& unit, const Call& call, const RolesNow& known,
                            UserId user) {
  if (call.caller.kind != Caller::Kind::user || call.caller.user == user) return {};
  MUSTER_TRY(const RolesNow roles, roles_in(unit, known));
  MUSTER_TRY(const auto theirs, unit.grants().list(user));
  MUSTER_TRY(const auto own, grants_of_caller(unit, call));
  const Time now = context.clock.now();
  for (const model::KnownPermission& each : model::known_permissions)
    if (roles->allows(std::span<const model::Grant>(theirs), each.code, now) &&
        !roles->allows(std::span<const model::Grant>(own), each.code, now))
      return fail(ErrorCode::permission_denied,
                  "the user has rights that the caller lacks, such as " + std::string(each.code));
  return {};
}

Status check_holders(ports::Unit& unit, const model::RoleGraph& after, const std::string& role, Time now) {
  for (const std::string& first : after.ancestors(role)) {
    for (const std::string& second : after.find(first)->exclusive_with) {
      MUSTER_TRY(const auto both, unit.grants().holders_of_both(after.holders(first), after.holders(second),
                                                                now, holders_named_max + 1));
      if (both.empty()) continue;
      std::string who;
      for (std::size_t i = 0; i < both.size() && i < holders_named_max; ++i)
        who += (i == 0 ? "" : ", ") + both[i].text();
      if (both.size() > holders_named_max) who += " and others";
      return fail(ErrorCode::conflict, quoted(std::min(first, second)) + " and " +
                                           quoted(std::max(first, second)) +
                                           " exclude each other, and these users would hold both: " + who);
    }
  }
  return {};
}

Result<model::Role> change_role(Context& context, ports::Unit& unit, Call& call, Change& change,
                                const RolesNow& known, const std::string& name,
                                const std::function<Status(model::Role&)>& edit) {
  MUSTER_CHECK_OK(unit.roles().hold());
  MUSTER_TRY(const RolesNow roles, roles_in(unit, known));
  const model::RoleGraph& graph = roles->graph();
  const model::Role* before = graph.find(name);
  if (before == nullptr) return fail(no_such_role(name));
  MUSTER_CHECK_OK(call.check_version(before->version));
  model::Role role = *before;
  MUSTER_CHECK_OK(edit(role));
  role.permissions = sorted_names(std::move(role.permissions));
  role.parents = sorted_names(std::move(role.parents));
  role.exclusive_with = sorted_names(std::move(role.exclusive_with));
  if (role == *before) return role;
  MUSTER_CHECK_OK(graph.check(role));

  const model::RoleGraph after = graph.with(role);
  const auto had = codes_of(graph, name);
  const auto has = codes_of(after, name);
  std::vector<std::string> gained;
  std::set_difference(has.begin(), has.end(), had.begin(), had.end(), std::back_inserter(gained));
  MUSTER_CHECK_OK(check_hands_out(context, unit, call, *roles, gained));
  if (role.parents != before->parents || role.exclusive_with != before->exclusive_with)
    MUSTER_CHECK_OK(check_holders(unit, after, name, context.clock.now()));

  change.target = "role:" + name;
  change.before = wire::encode(*before);
  MUSTER_CHECK_OK(unit.roles().update(role));
  change.after = wire::encode(role);
  unit.after_commit([&context] { context.authorizer.roles_changed(); });
  return role;
}

}  // namespace muster::ops
