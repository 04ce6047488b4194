// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/role_store.hpp"

#include <algorithm>
#include <unordered_map>

namespace muster::sql {
namespace {

constexpr const char* version_counter = "roles";

model::Role read_role(Query& query) {
  model::Role role;
  role.name = query.get_bytes();
  role.description = query.get_bytes();
  role.built_in = query.get_integer() != 0;
  role.version = query.get_integer();
  return role;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The same name twice is one.
std::vector<std::string> unique(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

Result<std::vector<model::Role>> SqlRoleStore::all() {
  std::vector<model::Role> roles;
  std::unordered_map<std::string, std::size_t> index;
  {
    Query query(connection_, Sql::role_all);
    for (;;) {
      MUSTER_TRY(const bool found, query.next());
      if (!found) break;
      roles.push_back(read_role(query));
      index.emplace(roles.back().name, roles.size() - 1);
    }
  }
  const auto add = [&](Sql name, std::vector<std::string> model::Role::*list) -> Status {
    Query query(connection_, name);
    for (;;) {
      MUSTER_TRY(const bool found, query.next());
      if (!found) return {};
      const auto role = index.find(query.get_bytes());
      if (role != index.end()) (roles[role->second].*list).push_back(query.get_bytes());
    }
  };
  MUSTER_CHECK_OK(add(Sql::role_permission_all, &model::Role::permissions));
  MUSTER_CHECK_OK(add(Sql::role_parent_all, &model::Role::parents));
  MUSTER_CHECK_OK(add(Sql::role_exclusion_all, &model::Role::exclusive_with));
  return roles;
}

Result<std::vector<std::string>> SqlRoleStore::related(Sql name, const std::string& role) {
  std::vector<std::string> names;
  Query query(connection_, name);
  query.text(role);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return names;
    names.push_back(query.get_bytes());
  }
}

Status SqlRoleStore::change(Sql statement, const std::string& name) {
  Query query(connection_, statement);
  return run(query.text(name));
}

Result<std::optional<model::Role>> SqlRoleStore::find(const std::string& name) {
  std::optional<model::Role> role;
  {
    Query query(connection_, Sql::role_find);
    query.text(name);
    MUSTER_TRY(const bool found, query.next());
    if (!found) return role;
    role = read_role(query);
  }
  MUSTER_TRY(role->permissions, related(Sql::role_permission_find, name));
  MUSTER_TRY(role->parents, related(Sql::role_parent_find, name));
  MUSTER_TRY(role->exclusive_with, related(Sql::role_exclusion_find, name));
  return role;
}

Status SqlRoleStore::set_version(const std::string& name, std::int64_t version) {
  Query query(connection_, Sql::role_set_version);
  return run(query.integer(version).text(name));
}

Status SqlRoleStore::write_parts(const model::Role& role) {
  for (const std::string& permission : unique(role.permissions)) {
    Query query(connection_, Sql::role_permission_insert);
    MUSTER_CHECK_OK(query.text(role.name).text(permission).run());
  }
  for (const std::string& parent : unique(role.parents)) {
    Query query(connection_, Sql::role_parent_insert);
    MUSTER_CHECK_OK(query.text(role.name).text(parent).run());
  }
  return {};
}

Status SqlRoleStore::exclude(const model::Role& role, const std::vector<std::string>& before) {
  for (const std::string& other : before) {
    if (contains(role.exclusive_with, other)) continue;
    for (const auto& [left, right] : {std::pair(&role.name, &other), std::pair(&other, &role.name)}) {
      Query query(connection_, Sql::role_exclusion_delete_other);
      MUSTER_CHECK_OK(query.text(*left).text(*right).run());
    }
    MUSTER_CHECK_OK(set_version(other, role.version));
  }
  for (const std::string& other : unique(role.exclusive_with)) {
    if (contains(before, other)) continue;
    for (const auto& [left, right] : {std::pair(&role.name, &other), std::pair(&other, &role.name)}) {
      Query query(connection_, Sql::role_exclusion_insert);
      MUSTER_CHECK_OK(query.text(*left).text(*right).run());
    }
    MUSTER_CHECK_OK(set_version(other, role.version));
  }
  return {};
}

Status SqlRoleStore::create(model::Role& role) {
  {
    Query exists(connection_, Sql::role_find);
    exists.text(role.name);
    MUSTER_TRY(const bool found, exists.next());
    if (found)
      return fail(Error{ErrorCode::already_exists,
                        "name: there is such a role already",
                        {},
                        {{"name", "there is such a role already"}},
                        {}});
  }
  MUSTER_TRY(role.version, connection_.add_to_counter(version_counter, 1));
  Query insert(connection_, Sql::role_insert);
  insert.text(role.name).text(role.description).integer(role.built_in ? 1 : 0).integer(role.version);
  MUSTER_CHECK_OK(insert.run());
  MUSTER_CHECK_OK(write_parts(role));
  return exclude(role, {});
}

Status SqlRoleStore::update(model::Role& role) {
  MUSTER_TRY(const auto old, find(role.name));
  if (!old) return fail(ErrorCode::not_found, "no such role");
  MUSTER_TRY(role.version, connection_.add_to_counter(version_counter, 1));
  Query query(connection_, Sql::role_update);
  MUSTER_CHECK_OK(query.text(role.description).integer(role.version).text(role.name).run());
  MUSTER_CHECK_OK(change(Sql::role_permission_delete, role.name));
  MUSTER_CHECK_OK(change(Sql::role_parent_delete, role.name));
  MUSTER_CHECK_OK(write_parts(role));
  return exclude(role, old->exclusive_with);
}

Result<bool> SqlRoleStore::remove(const std::string& name) {
  MUSTER_TRY(auto old, find(name));
  if (!old) return false;
  MUSTER_TRY(const std::int64_t version, connection_.add_to_counter(version_counter, 1));
  MUSTER_TRY(const auto children, related(Sql::role_child_find, name));
  for (const std::string& child : children) MUSTER_CHECK_OK(set_version(child, version));
  const auto exclusions = std::move(old->exclusive_with);
  old->exclusive_with.clear();
  old->version = version;
  MUSTER_CHECK_OK(exclude(*old, exclusions));
  for (const Sql statement : {Sql::role_child_delete, Sql::role_parent_delete, Sql::role_permission_delete,
                              Sql::role_exclusion_delete, Sql::role_delete})
    MUSTER_CHECK_OK(change(statement, name));
  constexpr std::size_t members_at_a_time = 1000;
  for (;;) {
    MUSTER_TRY(const auto members, grants_.members(name, std::nullopt, members_at_a_time));
    for (const ports::Member& member : members) MUSTER_CHECK_OK(grants_.remove(member.user, name));
    if (members.size() < members_at_a_time) return true;
  }
}

Status SqlRoleStore::hold() {
  MUSTER_TRY([[maybe_unused]] const std::int64_t version, connection_.add_to_counter(version_counter, 0));
  return {};
}

Result<std::int64_t> SqlRoleStore::version() {
  Query query(connection_, Sql::counter_find);
  query.text(version_counter);
  MUSTER_TRY(const bool found, query.next());
  return found ? query.get_integer() : 0;
}

}  // namespace muster::sql
