// SPDX-License-Identifier: Apache-2.0
#include "lib/ops/accounts_fixture.hpp"
#include "ops/create_role.hpp"
#include "ops/grant_role.hpp"
#include "ops/import_users.hpp"
#include "ops/list_user_roles.hpp"
#include "ops/users.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

/// bcrypt of "U*U", from the reference implementation's own vectors.
constexpr const char* bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

Result<wire::Json> import(World& world, const std::string& items) {
  return world.run<ImportUsers>(R"({"items":[)" + items + "]}");
}

/// "created:2 unchanged:0 failed:1", then each item's outcome and error.
std::string story(const Result<wire::Json>& reply) {
  if (!reply) return outcome(reply);
  std::string out = "created:" + text_at(*reply, "created") + " unchanged:" + text_at(*reply, "unchanged") +
                    " failed:" + text_at(*reply, "failed");
  for (const auto& each : reply->at("results").as_array()) {
    out += " | " + text_at(each, "line") + " " + text_at(each, "outcome");
    if (!each.at("error").is_null()) out += " " + text_at(each, "error") + " " + text_at(each, "field");
  }
  return out;
}

std::size_t user_count(World& world) {
  return must(world.run<ListUsers>(R"({"limit":1000})")).at("items").as_array().size();
}

}  // namespace

TEST_CASE("Each imported item succeeds or fails alone", "[one-database]") {
  World world;
  sign_up(world, "taken");
  const auto reply = import(
      world,
      json_of(
          R"({"username":"a","password_hash":%,"email":"A@example.org","created_at":"2020-05-06T07:08:09Z"},
                 {"line":17,"username":"taken","email":"other@example.org"},
                 {"username":"b b"},
                 {"username":"c","colour":"red"},
                 7,
                 {"username":"d","password_hash":"md5:1234"},
                 {"username":"e","email":"a@EXAMPLE.org"},
                 {"id":"77","username":"f","status":"disabled"},
                 {"id":"77","username":"g"},
                 {"username":"h","password":"x"},
                 {"username":"i","password":"plume-lantern-47-quarry","password_hash":%},
                 {"username":"A"})",
          bcrypt, bcrypt));
  CHECK(story(reply) ==
        "created:2 unchanged:0 failed:10 | 1 created | 17 failed already_exists username"
        " | 3 failed invalid_argument username | 4 failed invalid_argument colour"
        " | 5 failed invalid_argument body | 6 failed invalid_argument password_hash"
        " | 7 failed already_exists email | 8 created | 9 failed already_exists id"
        " | 10 failed invalid_argument password | 11 failed invalid_argument password"
        " | 12 failed already_exists username");
  CHECK(user_count(world) == 3);
  const auto listed = must(world.run<ListUsers>(R"({"username":"a"})")).at("items").at(0);
  CHECK(text_at(listed, "created_at") == "2020-05-06T07:08:09Z");
  CHECK(text_at(listed, "email") == "a@example.org");
  CHECK(text_at(must(world.run<GetUser>(R"({"id":"77"})")), "status") == "disabled");
}

TEST_CASE("A repeated import changes nothing and leaves one audit record", "[one-database]") {
  World world;
  const std::string items =
      R"({"username":"a","email":"a@example.org"},{"id":"9","username":"b"},{"username":"c"})";
  const std::int64_t records = audit_records(world);
  const auto first = must(import(world, items));
  CHECK(audit_records(world) == records + 1);
  const auto again = must(import(world, items));
  CHECK(number_at(again, "unchanged") == 3);
  CHECK(number_at(again, "created") == 0);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(text_at(again.at("results").at(i), "id") == text_at(first.at("results").at(i), "id"));
  CHECK(audit_records(world) == records + 1);
}

TEST_CASE("A dry run of an import counts and creates nothing") {
  World world;
  sign_up(world, "taken");
  Call dry = as_local_operator();
  dry.dry_run = true;
  const std::string request = R"({"items":[{"username":"a"},{"username":"b"},{"username":"b b"}]})";
  const auto plan = must(world.run<ImportUsers>(dry, request));
  CHECK(number_at(plan, "changes") == 2);
  CHECK(user_count(world) == 1);
  Call planned = as_local_operator();
  planned.plan_hash = text_at(plan, "plan_hash");
  CHECK(number_at(must(world.run<ImportUsers>(planned, request)), "created") == 2);
  CHECK(outcome(world.run<ImportUsers>(planned, request)) == "precondition_failed");
}

TEST_CASE("Imported users log in, with a clear password or a hash of another scheme") {
  World world;
  must(import(world, json_of(R"({"username":"a","password":%},{"username":"b","password_hash":%})",
                             std::string(good_password), bcrypt)));
  CHECK(outcome(try_log_in(world, "a")) == "ok");
  CHECK(outcome(try_log_in(world, "b", "U*U")) == "ok");
  CHECK(outcome(try_log_in(world, "b", "U*V")) == "unauthenticated");
}

TEST_CASE("A batch is bounded in items and in clear passwords") {
  World world;
  std::string items;
  for (int i = 0; i < 21; ++i)
    items += (i == 0 ? "" : ",") +
             json_of(R"({"username":%,"password":%})", "u" + std::to_string(i), std::string(good_password));
  CHECK(outcome(import(world, items)) == "invalid_argument");
  CHECK(outcome(import(world, "")) == "invalid_argument");
  std::string many;
  for (int i = 0; i < 1001; ++i) many += std::string(i == 0 ? "" : ",") + R"({"username":"x"})";
  CHECK(outcome(import(world, many)) == "invalid_argument");
  CHECK(user_count(world) == 0);
}

TEST_CASE("An import grants roles that exist and may be held together, and no more than the caller could") {
  World world;
  must(world.run<CreateRole>(R"({"name":"clerk","permissions":["create:order"]})"));
  const UserId importer = sign_up(world, "importer");
  permit(world, importer, "import:user");
  const std::string items =
      R"({"items":[{"username":"a","roles":["clerk"]},{"username":"b","roles":["ghost"]}]})";
  CHECK(outcome(world.run_as<ImportUsers>(importer, items)) == "permission_denied");
  permit(world, importer, "grant:role");
  CHECK(outcome(world.run_as<ImportUsers>(importer, items)) == "permission_denied");
  CHECK(outcome(world.run_as<ImportUsers>(
            importer, R"({"items":[{"username":"a","roles":["muster-admin"]}]})")) == "permission_denied");
  permit(world, importer, "create:order");
  const auto reply = world.run_as<ImportUsers>(importer, items);
  CHECK(story(reply) == "created:1 unchanged:0 failed:1 | 1 created | 2 failed not_found roles");
  const std::string id = text_at(reply->at("results").at(0), "id");
  const auto roles = must(world.run<ListUserRoles>(json_of(R"({"id":%})", id)));
  CHECK(text_at(roles.at("items").at(0), "role") == "clerk");
  CHECK(user_count(world) == 2);
}

TEST_CASE("What was exported imports into another installation just so", "[one-database]") {
  World first;
  must(first.run<CreateRole>(R"({"name":"clerk","permissions":["create:order"]})"));
  for (int i = 0; i < 5; ++i) sign_up(first, "user" + std::to_string(i));
  const UserId granted = log_in(first, "user3").user;
  must(first.run<GrantRole>(json_of(R"({"id":%,"role":"clerk"})", granted.text())));
  must(first.run<GrantRole>(
      json_of(R"({"id":%,"role":"muster-auditor","expires_at":"2028-01-01T00:00:00Z"})", granted.text())));
  must(first.run<UpdateUser>(
      json_of(R"({"id":%,"attributes":{"a":[1,{"b":null}]},"phone":"+442079460958"})", granted.text())));

  World second;
  must(second.run<CreateRole>(R"({"name":"clerk","permissions":["create:order"]})"));
  std::string request = R"({"limit":2,"include_hashes":true})";
  for (int pages = 0; pages < 3; ++pages) {
    const auto page = must(first.run<ExportUsers>(request));
    const auto reply = must(second.run<ImportUsers>(R"({"items":)" + wire::to_text(page.at("items")) + "}"));
    CHECK(number_at(reply, "created") == static_cast<std::int64_t>(page.at("items").as_array().size()));
    if (!page.at("next_cursor").is_null())
      request = json_of(R"({"limit":2,"include_hashes":true,"cursor":%})", text_at(page, "next_cursor"));
  }
  CHECK(user_count(second) == 5);
  CHECK(log_in(second, "user3").user == granted);
  const std::string all = R"({"limit":1000,"include_hashes":true})";
  const auto there = must(second.run<ExportUsers>(all));
  CHECK(wire::to_text(there) == wire::to_text(must(first.run<ExportUsers>(all))));
  CHECK(text_at(there.at("items").at(3), "roles") == R"(["clerk"])");
}

TEST_CASE("Hashes are exported only to those who may, and that is on record") {
  World world;
  const UserId alice = sign_up(world, "alice");
  permit(world, alice, "export:user");
  const auto plain = must(world.run_as<ExportUsers>(alice));
  CHECK(plain.at("items").at(0).at("password_hash").is_null());
  CHECK(outcome(world.run_as<ExportUsers>(alice, R"({"include_hashes":true})")) == "permission_denied");
  permit(world, alice, "import:user");
  const std::int64_t records = audit_records(world);
  const auto full = must(world.run_as<ExportUsers>(alice, R"({"include_hashes":true})"));
  CHECK(text_at(full.at("items").at(0), "password_hash").starts_with("$argon2id$"));
  CHECK(audit_records(world) == records + 1);
  CHECK(outcome(world.run_as<ExportUsers>(sign_up(world, "bob"))) == "permission_denied");
}

}  // namespace muster::ops::testing
