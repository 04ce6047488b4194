// SPDX-License-Identifier: Apache-2.0
#include "lib/ops/fixture.hpp"
#include "ops/authorizer.hpp"
#include "ops/change_role.hpp"
#include "ops/check_permission.hpp"
#include "ops/create_role.hpp"
#include "ops/explain_permission.hpp"
#include "ops/grant_role.hpp"
#include "ops/list_user_roles.hpp"
#include "ops/update_role.hpp"
#include "ports/user_store.hpp"

#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

std::string grant_text(UserId user, const std::string& role) {
  return json_of(R"({"id":%,"role":%})", user.text(), role);
}

bool allowed(World& world, UserId user, const std::string& code) {
  return must(world.run<CheckPermission>(json_of(R"({"user_id":%,"permission":%})", user.text(), code)))
      .at("allowed")
      .as_bool();
}

std::optional<bool> allowed_from_memory(World& world, UserId user, const std::string& code) {
  Call call = world.as_operator();
  const auto json = wire::parse_json(json_of(R"({"user_id":%,"permission":%})", user.text(), code));
  const auto reply = invoke_from_memory<CheckPermission>(world.context(), call, *json);
  if (!reply) return std::nullopt;
  return must(wire::parse_json(reply->value())).at("allowed").as_bool();
}

void disable(World& world, UserId user) {
  const Status done = world.context().store.write(ports::Home::of(user), [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(auto found, unit.users().find(user));
    found->status = model::UserStatus::disabled;
    MUSTER_CHECK_OK(unit.users().update(*found));
    unit.after_commit([&, user] { world.context().authorizer.forget(user); });
    return {};
  });
  REQUIRE(done);
}

}  // namespace

TEST_CASE("a grant is in force for the next check, and so is its end", "[grants]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer","permissions":["read:*"]})"));
  must(world.run<CreateRole>(R"({"name":"editor","parents":["viewer"]})"));
  const UserId ann = world.add_user("ann");
  CHECK_FALSE(allowed(world, ann, "read:order"));
  CHECK(must(world.run<GrantRole>(grant_text(ann, "editor"))).at("changed").as_bool());
  CHECK_FALSE(must(world.run<GrantRole>(grant_text(ann, "editor"))).at("changed").as_bool());
  CHECK(allowed(world, ann, "read:order"));
  CHECK(allowed_from_memory(world, ann, "read:order") == true);
  CHECK_FALSE(allowed(world, ann, "update:order"));
  must(world.run<AllowPermission>(R"({"role":"editor","code":"update:order"})"));
  CHECK(allowed_from_memory(world, ann, "update:order") == std::nullopt);
  CHECK(allowed(world, ann, "update:order"));
  must(world.run<DisinheritRole>(R"({"role":"editor","parent":"viewer"})"));
  CHECK_FALSE(allowed(world, ann, "read:order"));
  CHECK(must(world.run<RevokeRole>(grant_text(ann, "editor"))).at("changed").as_bool());
  CHECK_FALSE(must(world.run<RevokeRole>(grant_text(ann, "editor"))).at("changed").as_bool());
  CHECK_FALSE(allowed(world, ann, "update:order"));

  CHECK(outcome(world.run<GrantRole>(grant_text(ann, "nobody"))) == "not_found");
  CHECK(outcome(world.run<GrantRole>(grant_text(UserId{7}, "editor"))) == "not_found");
  CHECK(outcome(world.run<RevokeRole>(grant_text(ann, "nobody"))) == "not_found");
  CHECK(outcome(world.run<RevokeRole>(grant_text(UserId{7}, "editor"))) == "not_found");
}

TEST_CASE("a temporary grant lapses by the clock alone", "[grants]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer","permissions":["read:order"]})"));
  const UserId ann = world.add_user("ann");
  const auto until = [&](std::chrono::minutes minutes) {
    return json_of(R"({"id":%,"role":"viewer","expires_at":%})", ann.text(),
                   format_time(world.clock.now() + minutes));
  };
  CHECK(outcome(world.run<GrantRole>(until(std::chrono::minutes{0}))) == "invalid_argument");
  const std::string hour = until(std::chrono::minutes{60});
  CHECK(must(world.run<GrantRole>(hour)).at("changed").as_bool());
  CHECK_FALSE(must(world.run<GrantRole>(hour)).at("changed").as_bool());
  CHECK(must(world.run<GrantRole>(until(std::chrono::minutes{30}))).at("changed").as_bool());
  CHECK(allowed(world, ann, "read:order"));
  world.clock.advance(std::chrono::minutes{30});
  CHECK(allowed_from_memory(world, ann, "read:order") == false);
  CHECK_FALSE(allowed(world, ann, "read:order"));
  CHECK(must(world.run<ListUserRoles>(json_of(R"({"id":%})", ann.text()))).at("items").as_array().empty());
  CHECK(must(world.run<ListUserPermissions>(json_of(R"({"id":%})", ann.text())))
            .at("items")
            .as_array()
            .empty());
  CHECK_FALSE(must(world.run<RevokeRole>(grant_text(ann, "viewer"))).at("changed").as_bool());
  CHECK(must(world.run<GrantRole>(grant_text(ann, "viewer"))).at("changed").as_bool());
}

TEST_CASE("what a user holds is listed, to the user too and to nobody else", "[grants]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"b","permissions":["read:order"]})"));
  must(world.run<CreateRole>(R"({"name":"a","permissions":["create:order"],"parents":["b"]})"));
  const UserId ann = world.add_user("ann");
  const UserId ben = world.add_user("ben");
  must(world.run<GrantRole>(grant_text(ann, "b")));
  must(world.run<GrantRole>(grant_text(ann, "a")));
  const auto first =
      must(world.run_as<ListUserRoles>(ann, json_of("{\"id\":%", ann.text()) + ",\"limit\":1}"));
  CHECK(first.at("items").at(0).at("role").as_string() == "a");
  CHECK(first.at("items").at(0).at("granted_by").as_string() == "os:0");
  const auto second = must(world.run_as<ListUserRoles>(
      ann, json_of(R"({"id":%,"cursor":%})", ann.text(), first.at("next_cursor").as_string().c_str())));
  REQUIRE(second.at("items").as_array().size() == 1);
  CHECK(second.at("items").at(0).at("role").as_string() == "b");
  const auto codes = must(world.run_as<ListUserPermissions>(ann, json_of(R"({"id":%})", ann.text())));
  CHECK(wire::to_text(codes.at("items")) == R"(["create:order","read:order"])");
  CHECK(outcome(world.run_as<ListUserRoles>(ben, json_of(R"({"id":%})", ann.text()))) == "permission_denied");
  CHECK(outcome(world.run<ListUserRoles>(R"({"id":"7"})")) == "not_found");
}

TEST_CASE("over the network nobody hands out what they do not have", "[grants]") {
  World world;
  must(world.run<CreateRole>(
      R"({"name":"hr","permissions":["grant:role","update:role","create:role","read:user"]})"));
  must(world.run<CreateRole>(R"({"name":"reader","permissions":["read:user"]})"));
  must(world.run<CreateRole>(R"({"name":"wide","permissions":["read:*"]})"));
  const UserId hr = world.add_user("hr");
  const UserId ann = world.add_user("ann");
  const UserId boss = world.add_user("boss");
  must(world.run<GrantRole>(grant_text(hr, "hr")));
  must(world.run<GrantRole>(grant_text(boss, "muster-admin")));

  CHECK(outcome(world.run_as<GrantRole>(ann, grant_text(ann, "reader"))) == "permission_denied");
  CHECK(outcome(world.run_as<GrantRole>(hr, grant_text(ann, "reader"))) == "ok");
  const auto refused = world.run_as<GrantRole>(hr, grant_text(hr, "muster-admin"));
  CHECK(outcome(refused) == "permission_denied");
  CHECK(message(refused).find("*:*") != std::string::npos);
  CHECK(outcome(world.run_as<GrantRole>(hr, grant_text(ann, "wide"))) == "permission_denied");
  CHECK(outcome(world.run_as<GrantRole>(boss, grant_text(ann, "wide"))) == "ok");

  CHECK(outcome(world.run_as<AllowPermission>(hr, R"({"role":"hr","code":"delete:user"})")) ==
        "permission_denied");
  CHECK(outcome(world.run_as<InheritRole>(hr, R"({"role":"hr","parent":"muster-admin"})")) ==
        "permission_denied");
  CHECK(outcome(world.run_as<UpdateRole>(hr, R"({"role":"hr","permissions":["*:user"]})")) ==
        "permission_denied");
  CHECK(outcome(world.run_as<CreateRole>(hr, R"({"name":"mine","permissions":["*:*"]})")) ==
        "permission_denied");
  CHECK(outcome(world.run_as<AllowPermission>(hr, R"({"role":"reader","code":"grant:role"})")) == "ok");
  CHECK(outcome(world.run_as<UpdateRole>(hr, R"({"role":"wide","permissions":[]})")) == "ok");
  CHECK(outcome(world.run_as<CreateRole>(boss, R"({"name":"mine","permissions":["*:*"]})")) == "ok");
}

TEST_CASE("checks answer no for who is unknown or disabled", "[grants]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer","permissions":["read:order"]})"));
  const UserId ann = world.add_user("ann");
  must(world.run<GrantRole>(grant_text(ann, "viewer")));
  CHECK_FALSE(allowed(world, UserId{7}, "read:order"));
  CHECK(allowed(world, ann, "read:order"));
  const auto many = must(world.run<CheckPermissions>(
      json_of(R"({"items":[{"user_id":%,"permission":"read:order"},{"user_id":%,"permission":"read:bill"},)",
              ann.text(), ann.text()) +
      R"({"user_id":"7","permission":"read:order"}]})"));
  CHECK(wire::to_text(many) == R"({"results":[{"allowed":true},{"allowed":false},{"allowed":false}]})");
  const auto bad = world.run<CheckPermissions>(R"({"items":[{"user_id":"7","permission":"nonsense"}]})");
  CHECK(outcome(bad) == "invalid_argument");
  CHECK(bad.error().fields.front().field == "items[0].permission");
  CHECK(outcome(world.run<CheckPermissions>(R"({"items":[]})")) == "invalid_argument");
  CHECK(outcome(world.run<CheckPermission>(R"({"user_id":"7","permission":"a:b:c"})")) == "invalid_argument");
  const std::string question = json_of(R"({"user_id":%,"permission":"read:order"})", ann.text());
  CHECK(outcome(world.run_as<CheckPermission>(ann, question)) == "ok");
  CHECK(outcome(world.run_as<CheckPermission>(world.add_user("ben"), question)) == "permission_denied");

  disable(world, ann);
  CHECK(allowed_from_memory(world, ann, "read:order") != true);
  CHECK_FALSE(allowed(world, ann, "read:order"));
  const auto why = must(world.run<ExplainPermission>(question));
  CHECK_FALSE(why.at("allowed").as_bool());
  CHECK(why.at("status").as_string() == "disabled");
  CHECK(std::string(why.at("message").as_string()).find("disabled") != std::string::npos);
}

TEST_CASE("an explanation shows the shortest way, or the smallest grant", "[grants]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer","permissions":["read:order"]})"));
  must(world.run<CreateRole>(R"({"name":"editor","parents":["viewer"]})"));
  must(world.run<CreateRole>(R"({"name":"chief","parents":["editor"],"permissions":["read:*"]})"));
  const UserId ann = world.add_user("ann");
  const std::string question = json_of(R"({"user_id":%,"permission":"read:order"})", ann.text());
  const auto no = must(world.run<ExplainPermission>(question));
  CHECK_FALSE(no.at("allowed").as_bool());
  CHECK(no.at("path").is_null());
  CHECK(no.at("would_allow").at(0).at("role").as_string() == "viewer");
  must(world.run<GrantRole>(json_of(R"({"id":%,"role":"editor","expires_at":%,"reason":"project"})",
                                    ann.text(), format_time(world.clock.now() + std::chrono::hours{1}))));
  const auto yes = must(world.run<ExplainPermission>(question));
  CHECK(yes.at("allowed").as_bool());
  CHECK(wire::to_text(yes.at("path").at("roles")) == R"(["editor","viewer"])");
  CHECK(yes.at("path").at("grant").at("granted_by").as_string() == "os:0");
  CHECK(yes.at("path").at("grant").at("reason").as_string() == "project");
  CHECK(yes.at("path").at("grant").at("expires_at").is_string());
  must(world.run<GrantRole>(grant_text(ann, "chief")));
  CHECK(wire::to_text(must(world.run<ExplainPermission>(question)).at("path").at("roles")) == R"(["chief"])");
  CHECK(outcome(world.run<ExplainPermission>(R"({"user_id":"7","permission":"read:order"})")) == "not_found");
}

}  // namespace muster::ops::testing
