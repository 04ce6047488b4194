// SPDX-License-Identifier: Apache-2.0
#include "model/compiled_roles.hpp"

#include "model/permission.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::model {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

constexpr Time now{1'700'000'000s};

Role role(std::string name, Names permissions, Names parents = {}, Names exclusive_with = {}) {
  Role out;
  out.name = std::move(name);
  out.permissions = std::move(permissions);
  out.parents = std::move(parents);
  out.exclusive_with = std::move(exclusive_with);
  return out;
}

Grant grant(std::string role_name, std::optional<Time> expires_at = {}) {
  Grant out;
  out.role = std::move(role_name);
  out.granted_by = "os:0";
  out.granted_at = Time{1s};
  out.expires_at = expires_at;
  return out;
}

std::shared_ptr<const CompiledRoles> shop() {
  return CompiledRoles::compile(
      RoleGraph({role("reader", {"read:order"}), role("clerk", {"create:order"}, {"reader"}),
                 role("manager", {"approve:order"}, {"clerk"}), role("orders", {"*:order"}),
                 role("root", {"*:*"}), role("bystander", {"read:weather"})}),
      3);
}

bool allows(const CompiledRoles& roles, const Names& held, std::string_view permission) {
  return roles.allows(std::span<const std::string>(held), permission);
}

TEST_CASE("roles allow what they have and inherit", "[decision]") {
  const auto roles = shop();
  CHECK(roles->version() == 3);
  CHECK(allows(*roles, {"manager"}, "read:order"));
  CHECK(allows(*roles, {"manager"}, "approve:order"));
  CHECK_FALSE(allows(*roles, {"clerk"}, "approve:order"));
  CHECK_FALSE(allows(*roles, {"manager"}, "delete:order"));
  CHECK(allows(*roles, {"bystander", "orders"}, "delete:order"));
  CHECK_FALSE(allows(*roles, {"orders"}, "delete:user"));
  CHECK(allows(*roles, {"root"}, "delete:user"));
  CHECK(allows(*roles, {"root"}, "*:*"));
  CHECK(allows(*roles, {"orders"}, "*:order"));
  CHECK_FALSE(allows(*roles, {"manager"}, "*:order"));
}

TEST_CASE("what is unknown or malformed allows nothing", "[decision]") {
  const auto roles = shop();
  CHECK_FALSE(allows(*roles, {}, "read:order"));
  CHECK_FALSE(allows(*roles, {"unknown"}, "read:order"));
  CHECK_FALSE(allows(*roles, {"root"}, "nonsense"));
  CHECK_FALSE(allows(*roles, {"root"}, ""));
  CHECK_FALSE(allows(*roles, {"root"}, "a:b:c"));
  CHECK_FALSE(allows(*CompiledRoles::compile(RoleGraph(), 0), {"root"}, "read:order"));
}

TEST_CASE("a grant counts until it lapses", "[decision]") {
  const auto roles = shop();
  const std::vector<Grant> grants{grant("clerk", now + 1us)};
  CHECK(roles->allows(grants, "create:order", now));
  CHECK_FALSE(roles->allows(grants, "create:order", now + 1us));
  CHECK(roles->allows(roles->hold(grants), "create:order", now));
  CHECK_FALSE(roles->allows(roles->hold(grants), "create:order", now + 1us));
  CHECK(roles->hold(std::vector<Grant>{grant("unknown")}).empty());
  CHECK_FALSE(roles->allows(std::vector<HeldRole>{{9999, Time::max()}}, "create:order", now));
}

TEST_CASE("permissions are listed once and sorted", "[decision]") {
  const auto roles = shop();
  CHECK(roles->permissions_of(Names{"manager", "clerk", "unknown"}) ==
        Names{"approve:order", "create:order", "read:order"});
  CHECK(roles->permissions_of(Names{}).empty());
}

TEST_CASE("a yes is explained by its shortest path", "[decision]") {
  const auto roles = shop();
  const std::vector<Grant> grants{grant("manager"), grant("clerk", now + 1h), grant("orders", now - 1s)};
  const auto why = roles->explain(grants, "read:order", now);
  CHECK(why.allowed);
  REQUIRE(why.path);
  CHECK(why.path->grant == grants[1]);
  CHECK(why.path->roles == Names{"clerk", "reader"});
  CHECK(why.path->code == "read:order");
  CHECK(why.would_allow.empty());
  const auto by_star = roles->explain(std::vector<Grant>{grant("root")}, "read:order", now);
  REQUIRE(by_star.path);
  CHECK(by_star.path->code == "*:*");
}

TEST_CASE("a no is explained by the least that would allow it", "[decision]") {
  const auto roles = shop();
  const auto why = roles->explain(std::vector<Grant>{grant("clerk", now)}, "read:order", now);
  CHECK_FALSE(why.allowed);
  CHECK_FALSE(why.path);
  REQUIRE(why.would_allow.size() == 5);
  CHECK(why.would_allow[0].role == "reader");
  CHECK(why.would_allow[0].permissions == 1);
  CHECK_FALSE(why.would_allow[0].lapsed);
  CHECK(why.would_allow[1].role == "clerk");
  CHECK(why.would_allow[1].roles == Names{"clerk", "reader"});
  CHECK(why.would_allow[1].lapsed);
  CHECK(why.would_allow[2].role == "manager");
  CHECK(why.would_allow[3].role == "orders");
  CHECK(why.would_allow[4].role == "root");
  CHECK(roles->explain({}, "nonsense", now).would_allow.empty());
}

TEST_CASE("no grant is proposed that separation of duty forbids", "[decision]") {
  const auto roles = CompiledRoles::compile(
      RoleGraph({role("approver", {"approve:order"}, {}, {"requester"}),
                 role("requester", {"a:b"}, {}, {"approver"}), role("chief", {"approve:order", "c:d"})}),
      1);
  const auto why = roles->explain(std::vector<Grant>{grant("requester")}, "approve:order", now);
  REQUIRE(why.would_allow.size() == 1);
  CHECK(why.would_allow[0].role == "chief");
}

TEST_CASE("the impact of a change names each role that gains or loses", "[decision]") {
  const auto before = shop();
  const auto after = CompiledRoles::compile(
      before->graph().with(role("clerk", {"create:order", "cancel:order"})).without("root"), 4);
  CHECK(impact(*before, *after) == std::vector<RoleImpact>{{"clerk", {"cancel:order"}, {"read:order"}},
                                                           {"manager", {"cancel:order"}, {"read:order"}},
                                                           {"root", {}, {"*:*"}}});
  CHECK(impact(*before, *before).empty());
}

TEST_CASE("roles on a cycle still compile", "[decision]") {
  const auto roles = CompiledRoles::compile(
      RoleGraph({role("a", {"x:a"}, {"b"}), role("b", {"x:b"}, {"a"}), role("c", {"x:c"}, {"a"})}), 1);
  CHECK(roles->permissions_of(Names{"a"}) == Names{"x:a", "x:b"});
  CHECK(roles->permissions_of(Names{"c"}) == Names{"x:a", "x:b", "x:c"});
}

/// Decisions worked out from the definitions, the slow way.
struct Naive {
  std::map<std::string, Role> roles;

  std::set<std::string> closure(const std::string& name) const {
    std::set<std::string> seen;
    std::deque<std::string> left{name};
    while (!left.empty()) {
      const std::string at = left.front();
      left.pop_front();
      if (roles.count(at) == 0 || !seen.insert(at).second) continue;
      for (const std::string& parent : roles.at(at).parents) left.push_back(parent);
    }
    return seen;
  }

  bool allows(const std::vector<Grant>& grants, const std::string& wanted, Time at) const {
    for (const Grant& each : grants) {
      if (each.expires_at && *each.expires_at <= at) continue;
      for (const std::string& name : closure(each.role))
        for (const std::string& code : roles.at(name).permissions)
          if (Permission::parse(code)->covers(*Permission::parse(wanted))) return true;
    }
    return false;
  }
};

/// Evenly, whatever the size rapidcheck is at.
int pick(int min, int end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(min, end));
}

std::string random_code() {
  const std::string action = *rc::gen::element<std::string>("*", "a", "b", "c");
  return action + ":" + *rc::gen::element<std::string>("*", "x", "y", "z");
}

std::vector<Role> random_roles() {
  std::vector<Role> out;
  const int count = pick(1, 12);
  for (int i = 0; i < count; ++i) {
    Role each = role("r" + std::to_string(i), {});
    for (int k = pick(0, 4); k > 0; --k) each.permissions.push_back(random_code());
    for (int k = i == 0 ? 0 : pick(0, 3); k > 0; --k)
      each.parents.push_back("r" + std::to_string(pick(0, i)));
    out.push_back(std::move(each));
  }
  return out;
}

std::vector<Grant> random_grants(std::size_t role_count) {
  std::vector<Grant> out;
  for (int k = pick(0, 4); k > 0; --k) {
    // One past the last is a role that is not there.
    Grant each = grant("r" + std::to_string(pick(0, static_cast<int>(role_count) + 1)));
    const int lapses = pick(-1, 4);
    if (lapses < 2) each.expires_at = now + std::chrono::seconds(lapses);
    out.push_back(std::move(each));
  }
  return out;
}

TEST_CASE("decisions agree with the definitions on any graph", "[decision]") {
  CHECK(rc::check("compiled against naive", [] {
    const auto roles = random_roles();
    Naive naive;
    for (const Role& each : roles) naive.roles[each.name] = each;
    const auto compiled = CompiledRoles::compile(RoleGraph(roles), 1);
    const auto grants = random_grants(roles.size());
    const std::string wanted = random_code();
    const bool expected = naive.allows(grants, wanted, now);
    RC_CLASSIFY(expected);
    RC_ASSERT(compiled->allows(grants, wanted, now) == expected);
    RC_ASSERT(compiled->allows(compiled->hold(grants), wanted, now) == expected);
    Names names;
    for (const Grant& each : grants)
      if (each.in_force(now)) names.push_back(each.role);
    RC_ASSERT(compiled->allows(std::span<const std::string>(names), wanted) == expected);

    const auto why = compiled->explain(grants, wanted, now);
    RC_ASSERT(why.allowed == expected);
    RC_ASSERT(why.path.has_value() == expected);
    if (why.path) {
      RC_ASSERT(why.path->roles.front() == why.path->grant.role);
      const auto& last = naive.roles.at(why.path->roles.back()).permissions;
      RC_ASSERT(std::find(last.begin(), last.end(), why.path->code) != last.end());
    }
    for (const GrantSuggestion& each : why.would_allow)
      RC_ASSERT(naive.allows({grant(each.role)}, wanted, now));
    if (!expected && why.would_allow.empty())
      for (const Role& each : roles) RC_ASSERT(!naive.allows({grant(each.name)}, wanted, now));
  }));
}

TEST_CASE("permission lists agree with the definitions on any graph", "[decision]") {
  CHECK(rc::check("lists against naive", [] {
    const auto roles = random_roles();
    Naive naive;
    for (const Role& each : roles) naive.roles[each.name] = each;
    const auto compiled = CompiledRoles::compile(RoleGraph(roles), 1);
    for (const Role& each : roles) {
      std::set<std::string> expected;
      for (const std::string& name : naive.closure(each.name))
        for (const std::string& code : naive.roles.at(name).permissions) expected.insert(code);
      RC_ASSERT(compiled->permissions_of(Names{each.name}) == Names(expected.begin(), expected.end()));
    }
  }));
}

TEST_CASE("wide and deep graphs compile in bounded memory", "[decision]") {
  // Ten layers of forty roles, each inheriting from the whole layer below: every set holds all below it.
  std::vector<Role> roles;
  for (int layer = 0; layer < 10; ++layer)
    for (int i = 0; i < 40; ++i) {
      const std::string id = std::to_string(layer) + "." + std::to_string(i);
      Role each = role("r" + id, {"read:" + id});
      if (layer > 0)
        for (int k = 0; k < 40; ++k)
          each.parents.push_back("r" + std::to_string(layer - 1) + "." + std::to_string(k));
      roles.push_back(std::move(each));
    }
  const auto compiled = CompiledRoles::compile(RoleGraph(std::move(roles)), 1);
  CHECK(compiled->permissions_of(Names{"r9.0"}).size() == 361);
  CHECK(allows(*compiled, {"r9.0"}, "read:0.39"));
  CHECK_FALSE(allows(*compiled, {"r9.0"}, "read:9.1"));
}

}  // namespace
}  // namespace muster::model
