// SPDX-License-Identifier: Apache-2.0
#include "model/builtin_roles.hpp"

#include <algorithm>
#include <initializer_list>

namespace muster::model {
namespace {

Role builtin(std::string_view name, std::string_view description, std::vector<std::string> permissions) {
  std::sort(permissions.begin(), permissions.end());
  Role role;
  role.name = name;
  role.description = description;
  role.permissions = std::move(permissions);
  role.built_in = true;
  return role;
}

std::vector<std::string> known_except(std::initializer_list<std::string_view> left_out) {
  std::vector<std::string> out;
  for (const KnownPermission& each : known_permissions)
    if (std::find(left_out.begin(), left_out.end(), each.code) == left_out.end()) out.emplace_back(each.code);
  return out;
}

std::vector<std::string> auditor_permissions() {
  std::vector<std::string> out{"check:permission"};
  for (const KnownPermission& each : known_permissions)
    if (each.code.starts_with("read:")) out.emplace_back(each.code);
  return out;
}

}  // namespace

std::vector<Role> builtin_roles() {
  return {builtin(admin_role, "May do everything", {"*:*"}),
          builtin(auditor_role, "Reads everything, the audit log included, and changes nothing",
                  auditor_permissions()),
          builtin(operator_role, "Runs the service and its users; hands out no rights",
                  known_except({"create:role", "update:role", "delete:role", "grant:role", "rotate:key",
                                "restore:store", "import:user"}))};
}

}  // namespace muster::model
