// SPDX-License-Identifier: Apache-2.0
// Permission codes: what parses is written back as it was, and a compiled role decides as the definition
// says. The input is lines: the first is wanted, the others are held.
#include "base/check.hpp"
#include "model/compiled_roles.hpp"
#include "model/permission.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using muster::model::Permission;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> lines;
  while (lines.size() < 64) {
    const auto end = rest.find('\n');
    lines.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  for (const std::string& line : lines) {
    const auto parsed = Permission::parse(line);
    MUSTER_CHECK(parsed.has_value() == muster::model::check_permission_code(line).has_value());
    if (!parsed) continue;
    MUSTER_CHECK(parsed->text() == line);
    MUSTER_CHECK(parsed->covers(*parsed));
    MUSTER_CHECK(Permission::parse("*:*")->covers(*parsed));
  }
  const auto wanted = Permission::parse(lines.front());
  muster::model::Role role;
  role.name = "r";
  role.permissions.assign(lines.begin() + 1, lines.end());
  bool expected = false;
  for (const std::string& line : role.permissions)
    if (const auto held = Permission::parse(line); held && wanted && held->covers(*wanted)) expected = true;
  const auto compiled = muster::model::CompiledRoles::compile(muster::model::RoleGraph({role}), 1);
  MUSTER_CHECK(compiled->allows(std::vector<std::string>{"r"}, lines.front()) == expected);
  return 0;
}
