// SPDX-License-Identifier: Apache-2.0
#include "model/permission.hpp"

#include "model/builtin_roles.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

namespace muster::model {
namespace {

bool covers(std::string_view held, std::string_view wanted) {
  return Permission::parse(held)->covers(*Permission::parse(wanted));
}

TEST_CASE("a permission code is action:resource", "[permission]") {
  const auto parsed = Permission::parse("create:order");
  REQUIRE(parsed);
  CHECK(parsed->action == "create");
  CHECK(parsed->resource == "order");
  CHECK(parsed->text() == "create:order");
  for (const std::string code : {"*:*", "*:order", "create:*", "a:b", "a.b-c_d:e.f", "0:9"}) {
    INFO(code);
    CHECK(Permission::parse(code));
    CHECK(check_permission_code(code));
  }
  CHECK(Permission::parse(std::string(64, 'a') + ":" + std::string(64, 'b')));
}

TEST_CASE("what is no permission code is refused by field", "[permission]") {
  for (const std::string code : {"", ":", "a", "a:", ":b", "a:b:c", "A:b", "a:B", "a b:c", "a:b ", " a:b",
                                 "**:a", "a*:b", "*a:b", "a:*b", "a/b:c", "a:\xc3\xa9", "a\n:b"}) {
    INFO(code);
    CHECK_FALSE(Permission::parse(code));
    const auto refused = check_permission_code(code, "permissions");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(refused.error().fields.at(0).field == "permissions");
  }
  CHECK_FALSE(Permission::parse(std::string(65, 'a') + ":b"));
  CHECK_FALSE(Permission::parse("a:" + std::string(65, 'b')));
  CHECK_FALSE(Permission::parse(std::string("a\0:b", 4)));
}

TEST_CASE("a star covers its own side only", "[permission]") {
  CHECK(covers("create:order", "create:order"));
  CHECK(covers("create:*", "create:order"));
  CHECK(covers("*:order", "create:order"));
  CHECK(covers("*:*", "create:order"));
  CHECK_FALSE(covers("create:order", "read:order"));
  CHECK_FALSE(covers("create:order", "create:user"));
  CHECK_FALSE(covers("create:*", "read:order"));
  CHECK_FALSE(covers("*:order", "create:user"));
}

TEST_CASE("wanting a star takes a star", "[permission]") {
  CHECK_FALSE(covers("create:order", "create:*"));
  CHECK_FALSE(covers("create:order", "*:order"));
  CHECK(covers("create:*", "create:*"));
  CHECK_FALSE(covers("create:*", "*:*"));
  CHECK(covers("*:*", "*:*"));
}

TEST_CASE("Muster's own permissions are codes, each listed once", "[permission]") {
  std::set<std::string_view> seen;
  for (const KnownPermission& each : known_permissions) {
    INFO(each.code);
    CHECK(Permission::parse(each.code));
    CHECK_FALSE(each.description.empty());
    CHECK(seen.insert(each.code).second);
  }
}

TEST_CASE("the built-in roles are sorted and hand out no rights to the operator", "[permission]") {
  const auto roles = builtin_roles();
  REQUIRE(roles.size() == 3);
  CHECK(roles[0].name == admin_role);
  CHECK(roles[1].name == auditor_role);
  CHECK(roles[2].name == operator_role);
  for (const Role& role : roles) {
    CHECK(role.built_in);
    CHECK(std::is_sorted(role.permissions.begin(), role.permissions.end()));
  }
  CHECK(roles[0].permissions == std::vector<std::string>{"*:*"});
  const std::set<std::string> auditor(roles[1].permissions.begin(), roles[1].permissions.end());
  const std::set<std::string> operating(roles[2].permissions.begin(), roles[2].permissions.end());
  CHECK(auditor.count("read:audit") == 1);
  CHECK(auditor.count("update:user") == 0);
  CHECK(operating.count("revoke:token") == 1);
  CHECK(operating.count("create:user") == 1);
  for (const char* code : {"grant:role", "create:role", "update:role", "delete:role", "rotate:key"})
    CHECK(operating.count(code) == 0);
}

}  // namespace
}  // namespace muster::model
