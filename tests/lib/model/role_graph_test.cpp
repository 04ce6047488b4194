// SPDX-License-Identifier: Apache-2.0
#include "model/role_graph.hpp"

#include "model/builtin_roles.hpp"

#include <catch2/catch.hpp>

namespace muster::model {
namespace {

using Names = std::vector<std::string>;

Role role(std::string name, Names parents = {}, Names exclusive_with = {}, Names permissions = {}) {
  Role out;
  out.name = std::move(name);
  out.parents = std::move(parents);
  out.exclusive_with = std::move(exclusive_with);
  out.permissions = std::move(permissions);
  return out;
}

/// chief -> manager -> {clerk, approver}; clerk -> reader; requester stands alone and excludes approver.
RoleGraph office() {
  return RoleGraph({role("reader"), role("clerk", {"reader"}), role("approver", {}, {"requester"}),
                    role("requester", {}, {"approver"}), role("manager", {"approver", "clerk"}),
                    role("chief", {"manager"})});
}

TEST_CASE("ancestors and holders are the closure, nearest first", "[roles]") {
  const RoleGraph graph = office();
  CHECK(graph.ancestors("chief") == Names{"chief", "manager", "approver", "clerk", "reader"});
  CHECK(graph.holders("reader") == Names{"reader", "clerk", "manager", "chief"});
  CHECK(graph.ancestors("nobody").empty());
  CHECK(graph.holders("nobody").empty());
  CHECK(graph.path("chief", "reader") == Names{"chief", "manager", "clerk", "reader"});
  CHECK(graph.path("reader", "reader") == Names{"reader"});
  CHECK(graph.path("reader", "chief").empty());
}

TEST_CASE("a cycle is named from end to end", "[roles]") {
  const RoleGraph graph = office();
  CHECK(graph.would_cycle("reader", "chief") == Names{"reader", "chief", "manager", "clerk", "reader"});
  CHECK(graph.would_cycle("reader", "reader") == Names{"reader", "reader"});
  CHECK_FALSE(graph.would_cycle("chief", "reader"));
  CHECK_FALSE(graph.would_cycle("new", "chief"));

  const auto refused = graph.check(role("clerk", {"chief"}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().message == "roles cannot inherit in a cycle: clerk -> chief -> manager -> clerk");
  CHECK_FALSE(graph.check(role("new", {"new"})));
}

TEST_CASE("replacing a role's parents looks at the new ones only", "[roles]") {
  // reader may inherit from requester once clerk no longer inherits from reader.
  const RoleGraph graph = office();
  CHECK_FALSE(graph.check(role("reader", {"clerk"})));
  const RoleGraph changed = graph.with(role("clerk"));
  CHECK(changed.check(role("reader", {"clerk"})));
}

TEST_CASE("separation of duty looks through inheritance and says how", "[roles]") {
  const RoleGraph graph = office();
  CHECK_FALSE(graph.conflict(Names{"clerk", "requester"}));
  CHECK_FALSE(graph.conflict(Names{"approver"}));
  CHECK_FALSE(graph.conflict(Names{"unknown", "approver"}));
  const auto direct = graph.conflict(Names{"requester", "approver"});
  REQUIRE(direct);
  CHECK(direct->text() == R"("approver" and "requester" exclude each other)");
  const auto inherited = graph.conflict(Names{"requester", "chief"});
  REQUIRE(inherited);
  CHECK(inherited->first == "approver");
  CHECK(inherited->second == "requester");
  CHECK(inherited->first_path == Names{"chief", "manager", "approver"});
  CHECK(inherited->second_path == Names{"requester"});
  CHECK(inherited->text() ==
        R"("approver" and "requester" exclude each other (approver by chief -> manager -> approver))");
}

TEST_CASE("a role that nobody could hold is refused, wherever the conflict shows", "[roles]") {
  const RoleGraph graph = office();
  const auto both = graph.check(role("both", {"chief", "requester"}));
  REQUIRE_FALSE(both);
  CHECK(both.error().code == ErrorCode::conflict);
  CHECK(both.error().message.find("\"approver\" and \"requester\"") != std::string::npos);
  // The change is to clerk, the role that breaks is manager.
  const auto below = graph.check(role("clerk", {"requester"}));
  REQUIRE_FALSE(below);
  CHECK(below.error().message.find("\"chief\"") == std::string::npos);
  CHECK(below.error().message.find("\"manager\"") != std::string::npos);
  // A new exclusion between what is inherited together already.
  CHECK_FALSE(graph.check(role("clerk", {"reader"}, {"approver"})));
  CHECK(graph.check(role("clerk", {"reader"}, {"requester"})));
}

TEST_CASE("exclusions are kept on both sides", "[roles]") {
  const RoleGraph graph = office().with(role("auditor", {}, {"clerk", "reader"}));
  CHECK(graph.find("clerk")->exclusive_with == Names{"auditor"});
  CHECK(graph.find("reader")->exclusive_with == Names{"auditor"});
  const RoleGraph fewer = graph.with(role("auditor", {}, {"reader"}));
  CHECK(fewer.find("clerk")->exclusive_with.empty());
  const RoleGraph none = graph.without("auditor");
  CHECK(none.find("auditor") == nullptr);
  CHECK(none.find("reader")->exclusive_with.empty());
}

TEST_CASE("removing a role removes every mention of it", "[roles]") {
  const RoleGraph graph = office().without("clerk");
  CHECK(graph.find("manager")->parents == Names{"approver"});
  CHECK(graph.ancestors("chief") == Names{"chief", "manager", "approver"});
}

TEST_CASE("a role is checked field by field", "[roles]") {
  const RoleGraph graph = office();
  const auto field_of = [&](const Role& candidate) {
    const auto refused = graph.check(candidate);
    return refused || refused.error().fields.empty() ? std::string("(none)")
                                                     : refused.error().fields[0].field;
  };
  CHECK(graph.check(role("Fine.role-1_x", {"reader"}, {}, {"create:order"})));
  CHECK(field_of(role("")) == "name");
  CHECK(field_of(role(std::string(65, 'a'))) == "name");
  CHECK(field_of(role("has space")) == "name");
  CHECK(field_of(role("-dash")) == "name");
  CHECK(field_of(role("caf\xc3\xa9")) == "name");
  CHECK(field_of(role("muster-mine")) == "name");
  CHECK(field_of(role("a", {"unknown"})) == "parents");
  CHECK(field_of(role("a", {}, {"unknown"})) == "exclusive_with");
  CHECK(field_of(role("a", {}, {"a"})) == "exclusive_with");
  CHECK(field_of(role("a", {}, {}, {"nonsense"})) == "permissions");
  CHECK(field_of(role("a", Names(role_parents_max + 1, "reader"))) == "parents");
  CHECK(field_of(role("a", {}, {}, Names(role_permissions_max + 1, "a:b"))) == "permissions");
}

TEST_CASE("built-in roles cannot change but can be inherited from", "[roles]") {
  const RoleGraph graph(builtin_roles());
  const auto refused = graph.check(role(std::string(auditor_role), {}, {}, {"*:*"}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(graph.check(role("support", {std::string(auditor_role)})));
}

TEST_CASE("there may be so many roles and no more", "[roles]") {
  std::vector<Role> roles;
  for (std::size_t i = 0; i < role_count_max; ++i) roles.push_back(role("r" + std::to_string(i)));
  const RoleGraph graph(std::move(roles));
  CHECK(graph.check(role("r0", {"r1"})));
  CHECK_FALSE(graph.check(role("one-more")));
}

TEST_CASE("stored parents that are gone are passed over", "[roles]") {
  const RoleGraph graph({role("a", {"gone", "b"}), role("b")});
  CHECK(graph.ancestors("a") == Names{"a", "b"});
}

}  // namespace
}  // namespace muster::model
