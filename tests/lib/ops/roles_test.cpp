// SPDX-License-Identifier: Apache-2.0
#include "lib/ops/fixture.hpp"
#include "ops/change_role.hpp"
#include "ops/create_role.hpp"
#include "ops/delete_role.hpp"
#include "ops/get_role.hpp"
#include "ops/grant_role.hpp"
#include "ops/list_role_members.hpp"
#include "ops/list_roles.hpp"
#include "ops/role_impact.hpp"
#include "ops/update_role.hpp"

#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

std::vector<std::string> names(const wire::Json& list) {
  std::vector<std::string> out;
  for (const auto& each : list.as_array())
    out.emplace_back(each.is_string() ? each.as_string().c_str() : each.at("name").as_string().c_str());
  return out;
}

void make_role(World& world, const std::string& name, const std::string& rest = "") {
  must(world.run<CreateRole>(json_of("{\"name\":%", name) + rest + "}"));
}

void grant(World& world, UserId user, const std::string& role) {
  must(world.run<GrantRole>(json_of(R"({"id":%,"role":%})", user.text(), role)));
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a role is created, shown, listed, changed and deleted", "[roles]") {
  World world;
  make_role(world, "viewer", R"(,"permissions":["read:order","read:order"])");
  const auto editor = must(world.run<CreateRole>(
      R"({"name":"editor","description":"Edits","permissions":["update:order","create:order"],"parents":["viewer"]})"));
  CHECK(names(editor.at("permissions")) == Names{"create:order", "update:order"});
  CHECK(must(world.run<GetRole>(R"({"role":"editor"})")) == editor);
  CHECK(names(must(world.run<GetRole>(R"({"role":"viewer"})")).at("permissions")) == Names{"read:order"});
  CHECK(outcome(world.run<CreateRole>(R"({"name":"editor"})")) == "already_exists");
  CHECK(outcome(world.run<CreateRole>(R"({"name":"x y"})")) == "invalid_argument");
  CHECK(outcome(world.run<CreateRole>(R"({"name":"x","permissions":["order"]})")) == "invalid_argument");
  CHECK(outcome(world.run<CreateRole>(R"({"name":"x","parents":["nobody"]})")) == "invalid_argument");
  CHECK(outcome(world.run<CreateRole>(R"({"name":"muster-x"})")) == "invalid_argument");
  CHECK(outcome(world.run<GetRole>(R"({"role":"nobody"})")) == "not_found");

  const auto page = must(world.run<ListRoles>(R"({"limit":3})"));
  CHECK(names(page.at("items")) == Names{"editor", "muster-admin", "muster-auditor"});
  const auto rest =
      must(world.run<ListRoles>(json_of(R"({"cursor":%})", page.at("next_cursor").as_string().c_str())));
  CHECK(names(rest.at("items")) == Names{"muster-operator", "viewer"});
  CHECK(rest.at("next_cursor").is_null());

  const auto changed =
      must(world.run<UpdateRole>(R"({"role":"editor","description":null,"permissions":["create:order"]})"));
  CHECK(changed.at("description").as_string() == "");
  CHECK(names(changed.at("permissions")) == Names{"create:order"});
  CHECK(names(changed.at("parents")) == Names{"viewer"});
  CHECK(changed.at("version") != editor.at("version"));

  const UserId user = world.add_user("ann");
  grant(world, user, "editor");
  const auto gone = must(world.run<DeleteRole>(R"({"role":"editor"})"));
  CHECK(gone.at("changed").as_bool());
  CHECK(gone.at("grants").as_int64() == 1);
  CHECK_FALSE(must(world.run<DeleteRole>(R"({"role":"editor"})")).at("changed").as_bool());
}

TEST_CASE("If-Match guards a change of a role", "[roles]") {
  World world;
  make_role(world, "viewer");
  Call first = world.as_operator();
  must(world.run<GetRole>(first, R"({"role":"viewer"})"));
  REQUIRE(first.version);
  Call stale = world.as_operator();
  stale.if_match = *first.version + 1;
  CHECK(outcome(world.run<UpdateRole>(stale, R"({"role":"viewer","description":"x"})")) ==
        "precondition_failed");
  Call fresh = world.as_operator();
  fresh.if_match = first.version;
  CHECK(outcome(world.run<UpdateRole>(fresh, R"({"role":"viewer","description":"x"})")) == "ok");
  Call again = world.as_operator();
  again.if_match = first.version;
  CHECK(outcome(world.run<DeleteRole>(again, R"({"role":"viewer"})")) == "precondition_failed");
}

TEST_CASE("permissions and parents change one at a time, and repeating changes nothing", "[roles]") {
  World world;
  make_role(world, "viewer");
  make_role(world, "editor");
  const auto changed = [](const wire::Json& reply) { return reply.at("changed").as_bool(); };
  const std::string code = R"({"role":"viewer","code":"read:*"})";
  CHECK(changed(must(world.run<AllowPermission>(code))));
  CHECK_FALSE(changed(must(world.run<AllowPermission>(code))));
  CHECK(names(must(world.run<GetRole>(R"({"role":"viewer"})")).at("permissions")) == Names{"read:*"});
  CHECK(changed(must(world.run<DisallowPermission>(code))));
  CHECK_FALSE(changed(must(world.run<DisallowPermission>(code))));
  CHECK(outcome(world.run<AllowPermission>(R"({"role":"viewer","code":"read"})")) == "invalid_argument");
  CHECK(outcome(world.run<AllowPermission>(R"({"role":"nobody","code":"a:b"})")) == "not_found");

  const std::string edge = R"({"role":"editor","parent":"viewer"})";
  CHECK(changed(must(world.run<InheritRole>(edge))));
  CHECK_FALSE(changed(must(world.run<InheritRole>(edge))));
  CHECK(outcome(world.run<InheritRole>(R"({"role":"editor","parent":"nobody"})")) == "not_found");
  const auto cycle = world.run<InheritRole>(R"({"role":"viewer","parent":"editor"})");
  CHECK(outcome(cycle) == "conflict");
  CHECK(message(cycle).find("viewer -> editor -> viewer") != std::string::npos);
  CHECK(outcome(world.run<UpdateRole>(R"({"role":"viewer","parents":["viewer"]})")) == "conflict");
  CHECK(changed(must(world.run<DisinheritRole>(edge))));
  CHECK_FALSE(changed(must(world.run<DisinheritRole>(edge))));
}

TEST_CASE("built-in roles stay as they are", "[roles]") {
  World world;
  CHECK(outcome(world.run<DeleteRole>(R"({"role":"muster-admin"})")) == "conflict");
  CHECK(outcome(world.run<UpdateRole>(R"({"role":"muster-admin","permissions":[]})")) == "conflict");
  CHECK(outcome(world.run<AllowPermission>(R"({"role":"muster-auditor","code":"a:b"})")) == "conflict");
  CHECK(outcome(world.run<ExcludeRole>(R"({"role":"muster-auditor","other":"muster-admin"})")) == "conflict");
  make_role(world, "payer");
  CHECK(outcome(world.run<ExcludeRole>(R"({"role":"muster-auditor","other":"payer"})")) == "ok");
  world.reopen();
  CHECK(names(must(world.run<GetRole>(R"({"role":"muster-auditor"})")).at("exclusive_with")) ==
        Names{"payer"});
}

TEST_CASE("separation of duty holds in whatever order things are done", "[roles]") {
  World world;
  make_role(world, "requester");
  make_role(world, "approver");
  make_role(world, "manager");
  make_role(world, "chief", R"(,"parents":["manager"])");
  const UserId user = world.add_user("ann");
  const std::string exclude = R"({"role":"requester","other":"approver"})";
  const auto is_refused = [](const Result<wire::Json>& reply) {
    INFO(message(reply));
    CHECK(outcome(reply) == "conflict");
    CHECK(message(reply).find("requester") != std::string::npos);
    CHECK(message(reply).find("approver") != std::string::npos);
  };
  const auto grant_text = [&](const char* role) {
    return json_of(R"({"id":%,"role":%})", user.text(), role);
  };

  SECTION("grants after the exclusion, direct") {
    must(world.run<ExcludeRole>(exclude));
    grant(world, user, "requester");
    is_refused(world.run<GrantRole>(grant_text("approver")));
  }
  SECTION("grants after the exclusion, by inheritance of two steps") {
    must(world.run<ExcludeRole>(exclude));
    must(world.run<InheritRole>(R"({"role":"manager","parent":"approver"})"));
    grant(world, user, "chief");
    is_refused(world.run<GrantRole>(grant_text("requester")));
  }
  SECTION("the exclusion while somebody holds both") {
    grant(world, user, "requester");
    grant(world, user, "approver");
    const auto refused = world.run<ExcludeRole>(exclude);
    is_refused(refused);
    CHECK(message(refused).find(user.text()) != std::string::npos);
    must(world.run<RevokeRole>(grant_text("approver")));
    CHECK(outcome(world.run<ExcludeRole>(exclude)) == "ok");
  }
  SECTION("the exclusion while somebody holds both by inheritance") {
    must(world.run<InheritRole>(R"({"role":"manager","parent":"approver"})"));
    grant(world, user, "requester");
    grant(world, user, "chief");
    is_refused(world.run<ExcludeRole>(exclude));
  }
  SECTION("the inheritance while somebody would then hold both") {
    must(world.run<ExcludeRole>(exclude));
    grant(world, user, "requester");
    grant(world, user, "chief");
    const auto refused = world.run<InheritRole>(R"({"role":"manager","parent":"approver"})");
    is_refused(refused);
    CHECK(message(refused).find(user.text()) != std::string::npos);
    is_refused(world.run<UpdateRole>(R"({"role":"chief","parents":["approver"]})"));
    is_refused(world.run<GetRoleImpact>(R"({"role":"chief","add_parents":["approver"]})"));
  }
  SECTION("a role that would by itself come to both") {
    must(world.run<ExcludeRole>(exclude));
    is_refused(world.run<CreateRole>(R"({"name":"both","parents":["approver","requester"]})"));
    must(world.run<InheritRole>(R"({"role":"manager","parent":"approver"})"));
    is_refused(world.run<InheritRole>(R"({"role":"chief","parent":"requester"})"));
  }
  SECTION("a lapsed grant is no longer held") {
    must(world.run<ExcludeRole>(exclude));
    must(world.run<GrantRole>(json_of(R"({"id":%,"role":"requester","expires_at":%})", user.text(),
                                      format_time(world.clock.now() + std::chrono::hours{1}))));
    is_refused(world.run<GrantRole>(grant_text("approver")));
    world.clock.advance(std::chrono::hours{1});
    CHECK(outcome(world.run<GrantRole>(grant_text("approver"))) == "ok");
  }
  SECTION("and it ends when the exclusion does") {
    must(world.run<ExcludeRole>(exclude));
    grant(world, user, "requester");
    CHECK_FALSE(
        must(world.run<ExcludeRole>(R"({"role":"approver","other":"requester"})")).at("changed").as_bool());
    CHECK(
        must(world.run<UnexcludeRole>(R"({"role":"approver","other":"requester"})")).at("changed").as_bool());
    CHECK(outcome(world.run<GrantRole>(grant_text("approver"))) == "ok");
  }
}

TEST_CASE("members are listed by user, in pages, without lapsed ones", "[roles]") {
  World world;
  make_role(world, "viewer");
  const UserId ann = world.add_user("ann");
  const UserId ben = world.add_user("ben");
  const UserId cid = world.add_user("cid");
  grant(world, cid, "viewer");
  grant(world, ann, "viewer");
  must(world.run<GrantRole>(json_of(R"({"id":%,"role":"viewer","expires_at":%,"reason":"leave"})", ben.text(),
                                    format_time(world.clock.now() + std::chrono::hours{1}))));
  const auto first = must(world.run<ListRoleMembers>(R"({"role":"viewer","limit":2})"));
  REQUIRE(first.at("items").as_array().size() == 2);
  CHECK(first.at("items").at(0).at("username").as_string() == "ann");
  CHECK(first.at("items").at(1).at("reason").as_string() == "leave");
  const auto second = must(world.run<ListRoleMembers>(
      json_of(R"({"role":"viewer","cursor":%})", first.at("next_cursor").as_string().c_str())));
  REQUIRE(second.at("items").as_array().size() == 1);
  CHECK(second.at("items").at(0).at("user_id").as_string() == cid.text());
  world.clock.advance(std::chrono::hours{2});
  const auto later = must(world.run<ListRoleMembers>(R"({"role":"viewer"})"));
  CHECK(later.at("items").as_array().size() == 2);
  CHECK(outcome(world.run<ListRoleMembers>(R"({"role":"nobody"})")) == "not_found");
  CHECK(outcome(world.run<ListRoleMembers>(json_of(R"({"role":"viewer","cursor":%})", "AAAA"))) ==
        "invalid_argument");
}

TEST_CASE("the impact of a change names who gains and who loses, and changes nothing", "[roles]") {
  World world;
  make_role(world, "viewer", R"(,"permissions":["read:order"])");
  make_role(world, "editor", R"(,"permissions":["update:order"],"parents":["viewer"])");
  const UserId ann = world.add_user("ann");
  const UserId ben = world.add_user("ben");
  grant(world, ann, "editor");
  grant(world, ben, "viewer");
  const auto impact = must(world.run<GetRoleImpact>(
      R"({"role":"viewer","add_permissions":["read:bill"],"remove_permissions":["read:order"],"users":1})"));
  CHECK(impact.at("users_affected").as_int64() == 2);
  CHECK(impact.at("roles").as_array().size() == 2);
  REQUIRE(impact.at("permissions").as_array().size() == 2);
  const auto& bill = impact.at("permissions").at(0);
  CHECK(bill.at("permission").as_string() == "read:bill");
  CHECK(bill.at("gain").as_int64() == 2);
  CHECK(bill.at("gaining").as_array().size() == 1);
  CHECK(impact.at("permissions").at(1).at("lose").as_int64() == 2);
  CHECK(names(must(world.run<GetRole>(R"({"role":"viewer"})")).at("permissions")) == Names{"read:order"});

  // Who holds both loses nothing that the other still gives.
  make_role(world, "reader", R"(,"permissions":["read:order"])");
  grant(world, ben, "reader");
  const auto gone = must(world.run<GetRoleImpact>(R"({"role":"viewer","delete":true})"));
  CHECK(gone.at("users_affected").as_int64() == 1);
  CHECK(gone.at("permissions").at(0).at("losing").at(0).as_string() == ann.text());
  CHECK(outcome(world.run<GetRoleImpact>(R"({"role":"viewer","add_parents":["editor"]})")) == "conflict");
  CHECK(outcome(world.run<GetRoleImpact>(R"({"role":"nobody"})")) == "not_found");
}

TEST_CASE("a dry run changes nothing, and its plan applies only to the state it was made for", "[roles]") {
  World world;
  make_role(world, "viewer");
  const UserId ann = world.add_user("ann");
  grant(world, ann, "viewer");
  Call dry = world.as_operator();
  dry.dry_run = true;
  const auto plan = must(world.run<DeleteRole>(dry, R"({"role":"viewer"})"));
  CHECK(plan.at("dry_run").as_bool());
  CHECK(plan.at("changes").as_int64() == 2);
  CHECK(outcome(world.run<GetRole>(R"({"role":"viewer"})")) == "ok");

  grant(world, world.add_user("ben"), "viewer");
  Call stale = world.as_operator();
  stale.plan_hash = std::string(plan.at("plan_hash").as_string());
  CHECK(outcome(world.run<DeleteRole>(stale, R"({"role":"viewer"})")) == "precondition_failed");
  Call again = world.as_operator();
  again.dry_run = true;
  Call fresh = world.as_operator();
  fresh.plan_hash =
      std::string(must(world.run<DeleteRole>(again, R"({"role":"viewer"})")).at("plan_hash").as_string());
  CHECK(outcome(world.run<DeleteRole>(fresh, R"({"role":"viewer"})")) == "ok");
  CHECK(outcome(world.run<GetRole>(R"({"role":"viewer"})")) == "not_found");
}

}  // namespace muster::ops::testing
