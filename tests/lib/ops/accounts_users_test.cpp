// SPDX-License-Identifier: Apache-2.0
#include "lib/ops/accounts_fixture.hpp"
#include "ops/create_user.hpp"
#include "ops/users.hpp"
#include "ports/user_store.hpp"

#include <set>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

constexpr const char* alice = R"({"username":"Alice","password":"plume-lantern-47-quarry",
  "email":"Alice@Example.ORG","phone":"+44 20 7946 0958","display_name":"Alice A.","attributes":{"team":7}})";

Settings with_registration(World& world, bool open) {
  Settings settings = *world.context().settings();
  settings.self_registration = open;
  return settings;
}

Result<wire::Json> create(World& world, Call call, std::string_view request) {
  return world.run<CreateUser>(call, request);
}

}  // namespace

TEST_CASE("Registering answers with the user in normal form and never with a hash") {
  World world;
  const auto user = must(create(world, anonymous(), alice));
  CHECK(text_at(user, "username") == "Alice");
  CHECK(text_at(user, "email") == "alice@example.org");
  CHECK(text_at(user, "phone") == "+442079460958");
  CHECK(text_at(user, "status") == "active");
  CHECK(text_at(user, "attributes") == R"({"team":7})");
  CHECK(text_at(user, "created_at") == "2027-01-15T08:00:00Z");
  CHECK(number_at(user, "version") > 0);
  CHECK(wire::to_text(user).find("hash") == std::string::npos);
  CHECK(user.at("id").is_string());
}

TEST_CASE("What is taken cannot be registered again, in any spelling") {
  World world;
  must(create(world, anonymous(), alice));
  const auto again = [&](std::string_view request) {
    const auto reply = create(world, anonymous(), request);
    return outcome(reply) + " " + fields_of(reply);
  };
  CHECK(again(R"({"username":"aLICE","password":"plume-lantern-47-quarry"})") == "already_exists username");
  CHECK(again(R"({"username":"bob","password":"plume-lantern-47-quarry","email":"alice@EXAMPLE.org"})") ==
        "already_exists email");
  CHECK(again(R"({"username":"bob","password":"plume-lantern-47-quarry","phone":"+44(20)79460958"})") ==
        "already_exists phone");
  CHECK(again(R"({"username":"bob","password":"plume-lantern-47-quarry"})") == "ok ");
}

TEST_CASE("Everything wrong with a registration is told at once") {
  World world;
  const auto reply = create(
      world, anonymous(), R"({"username":"no spaces","password":"password","email":"nowhere","phone":"12"})");
  CHECK(outcome(reply) == "invalid_argument");
  CHECK(fields_of(reply) == "email,phone,username,password");
  CHECK(fields_of(create(world, anonymous(), R"({"username":"bob","colour":"red"})")) == "password,colour");
}

TEST_CASE("Without self-registration only those with create:user register users") {
  World world;
  const UserId helper = sign_up(world, "helper");
  const UserId nobody = sign_up(world, "nobody");
  permit(world, helper, "create:user");
  world.change_settings(with_registration(world, false));
  CHECK(outcome(create(world, anonymous(), alice)) == "unauthenticated");
  CHECK(outcome(create(world, world.as_user(nobody), alice)) == "permission_denied");
  CHECK(outcome(create(world, world.as_user(helper), alice)) == "ok");
  CHECK(outcome(create(world, as_local_operator(),
                       R"({"username":"bob","password":"plume-lantern-47-quarry"})")) == "ok");
}

TEST_CASE("Only an importer chooses an id") {
  World world;
  const char* request = R"({"id":"42","username":"old","password":"plume-lantern-47-quarry"})";
  CHECK(outcome(create(world, anonymous(), request)) == "unauthenticated");
  CHECK(outcome(create(world, world.as_user(sign_up(world, "eve")), request)) == "permission_denied");
  CHECK(text_at(must(create(world, as_local_operator(), request)), "id") == "42");
  const auto again = create(world, as_local_operator(),
                            R"({"id":"42","username":"new","password":"plume-lantern-47-quarry"})");
  CHECK(outcome(again) == "already_exists");
  CHECK(fields_of(again) == "id");
}

TEST_CASE("A dry run of a registration leaves no trace, and its plan applies once") {
  World world;
  const std::int64_t before = audit_records(world);
  Call dry = anonymous();
  dry.dry_run = true;
  const auto plan = must(create(world, dry, alice));
  CHECK(number_at(plan, "changes") == 1);
  CHECK(text_at(plan, "target") == "user:alice");
  CHECK(audit_records(world) == before);
  CHECK(must(world.run<ListUsers>()).at("items").as_array().empty());

  Call planned = anonymous();
  planned.plan_hash = text_at(plan, "plan_hash");
  CHECK(outcome(create(world, planned, R"({"username":"bob","password":"plume-lantern-47-quarry"})")) ==
        "precondition_failed");
  CHECK(outcome(create(world, planned, alice)) == "ok");
  CHECK(audit_records(world) == before + 1);
}

TEST_CASE("An idempotency key repeats the reply and refuses another request") {
  World world;
  Call first = anonymous();
  first.idempotency_key = "one";
  const auto created = must(create(world, first, alice));
  Call second = anonymous();
  second.idempotency_key = "one";
  CHECK(must(create(world, second, alice)) == created);
  Call other = anonymous();
  other.idempotency_key = "one";
  CHECK(outcome(create(world, other, R"({"username":"bob","password":"plume-lantern-47-quarry"})")) ==
        "conflict");
  CHECK(must(world.run<ListUsers>()).at("items").as_array().size() == 1);
}

TEST_CASE("Listing pages through users and filters them") {
  World world;
  std::set<std::string> names;
  for (int i = 0; i < 7; ++i) {
    names.insert("user" + std::to_string(i));
    sign_up(world, "user" + std::to_string(i));
    world.clock.advance(std::chrono::seconds{1});
  }
  std::set<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const std::string request =
        cursor.empty() ? R"({"limit":3})" : R"({"limit":3,"cursor":")" + cursor + "\"}";
    const auto page = must(world.run<ListUsers>(request));
    for (const auto& item : page.at("items").as_array()) seen.insert(text_at(item, "username"));
    cursor = page.at("next_cursor").is_null() ? "" : text_at(page, "next_cursor");
    ++pages;
  } while (!cursor.empty() && pages < 10);
  CHECK(pages == 3);
  CHECK(seen == names);

  const auto count = [&](std::string_view request) {
    return must(world.run<ListUsers>(request)).at("items").as_array().size();
  };
  CHECK(count(R"({"username":"USER3"})") == 1);
  CHECK(count(R"({"username":"user9"})") == 0);
  CHECK(count(R"({"status":"disabled"})") == 0);
  CHECK(count(R"({"created_after":"2027-01-15T08:00:04Z"})") == 2);
  CHECK(count(R"({"created_before":"2027-01-15T08:00:02Z"})") == 2);
  CHECK(fields_of(world.run<ListUsers>(R"({"cursor":"bm9uc2Vuc2U"})")) == "cursor");
  CHECK(fields_of(world.run<ListUsers>(R"({"limit":0})")) == "limit");
  CHECK(fields_of(world.run<ListUsers>(R"({"email":"nowhere"})")) == "email");
}

TEST_CASE("Users see and change themselves, others only with the permission") {
  World world;
  const UserId alice_id = sign_up(world, "alice");
  const UserId bob = sign_up(world, "bob");
  const std::string about_alice = json_of(R"({"id":%})", alice_id.text());
  CHECK(outcome(world.run_as<GetUser>(alice_id, about_alice)) == "ok");
  CHECK(outcome(world.run_as<GetUser>(bob, about_alice)) == "permission_denied");
  CHECK(outcome(world.run<GetUser>(R"({"id":"7"})")) == "not_found");
  CHECK(outcome(world.run_as<ListUsers>(bob)) == "permission_denied");
  Call nobody = anonymous();
  CHECK(outcome(world.run<GetUser>(nobody, about_alice)) == "unauthenticated");

  const std::string rename = json_of(R"({"id":%,"display_name":"A"})", alice_id.text());
  CHECK(outcome(world.run_as<UpdateUser>(alice_id, rename)) == "ok");
  CHECK(outcome(world.run_as<UpdateUser>(bob, rename)) == "permission_denied");
  const std::string disable = json_of(R"({"id":%,"status":"disabled"})", alice_id.text());
  CHECK(outcome(world.run_as<UpdateUser>(alice_id, disable)) == "permission_denied");
  permit(world, bob, "update:user");
  CHECK(outcome(world.run_as<UpdateUser>(bob, disable)) == "ok");
}

TEST_CASE("Who has fewer rights over Muster neither renames nor removes who has more") {
  World world;
  const UserId clerk = sign_up(world, "clerk");
  const UserId admin = sign_up(world, "boss");
  permit(world, clerk, "update:user");
  permit(world, clerk, "delete:user");
  permit(world, admin, "*:*");
  const auto patch = [&](UserId as, const std::string& what) {
    return outcome(
        world.run_as<UpdateUser>(as, json_of(R"({"id":%,)", admin.text()) + std::string(what) + "}"));
  };
  CHECK(patch(clerk, R"("email":"clerk@example.com")") == "permission_denied");
  CHECK(patch(clerk, R"("display_name":"The Boss")") == "ok");
  CHECK(patch(admin, R"("email":"boss@example.com")") == "ok");
  const auto remove = [&](UserId as, UserId whom) {
    return outcome(world.run_as<DeleteUser>(as, json_of(R"({"id":%})", whom.text())));
  };
  CHECK(remove(clerk, admin) == "permission_denied");
  CHECK(remove(admin, clerk) == "ok");
  CHECK(remove(admin, admin) == "ok");
}

TEST_CASE("A patch changes what it names, clears what it nulls and merges attributes") {
  World world;
  const auto user = must(create(world, anonymous(), alice));
  const std::string id = text_at(user, "id");
  const auto patch = [&](const std::string& members) {
    return world.run<UpdateUser>(R"({"id":")" + id + "\"," + members + "}");
  };
  auto changed =
      must(patch(R"("email":null,"display_name":"Al","attributes":{"a":{"b":1,"c":null},"team":null})"));
  CHECK(changed.at("email").is_null());
  CHECK(text_at(changed, "display_name") == "Al");
  CHECK(text_at(changed, "phone") == "+442079460958");
  CHECK(text_at(changed, "attributes") == R"({"a":{"b":1}})");
  changed = must(patch(R"("attributes":{"a":{"c":[1,null]},"d":"x"})"));
  CHECK(text_at(changed, "attributes") == R"({"a":{"b":1,"c":[1,null]},"d":"x"})");
  changed = must(patch(R"("attributes":{"a":5})"));
  CHECK(text_at(changed, "attributes") == R"({"a":5,"d":"x"})");
  changed = must(patch(R"("attributes":{"a":{"e":{"f":null}}})"));
  CHECK(text_at(changed, "attributes") == R"({"a":{"e":{}},"d":"x"})");
  changed = must(patch(R"("attributes":null)"));
  CHECK(text_at(changed, "attributes") == "{}");

  CHECK(fields_of(patch(R"("status":null)")) == "status");
  CHECK(fields_of(patch(R"("email":"x","phone":"y")")) == "email,phone");
  CHECK(fields_of(patch(R"("username":"root")")) == "username");
  const std::string large(40 * 1024, 'x');
  must(patch(R"("attributes":{"one":")" + large + "\"}"));
  CHECK(fields_of(patch(R"("attributes":{"two":")" + large + "\"}")) == "attributes");
  CHECK(outcome(world.run<UpdateUser>(R"({"id":"7","display_name":"x"})")) == "not_found");
}

TEST_CASE("A patch that changes nothing leaves version and audit log alone; If-Match guards the rest") {
  World world;
  const auto user = must(create(world, anonymous(), alice));
  const std::string request = json_of(R"({"id":%,"display_name":"Alice A."})", text_at(user, "id"));
  const std::int64_t records = audit_records(world);
  CHECK(number_at(must(world.run<UpdateUser>(request)), "version") == number_at(user, "version"));
  CHECK(audit_records(world) == records);

  Call stale = as_local_operator();
  stale.if_match = number_at(user, "version") + 1;
  const std::string rename = json_of(R"({"id":%,"display_name":"B"})", text_at(user, "id"));
  CHECK(outcome(world.run<UpdateUser>(stale, rename)) == "precondition_failed");
  CHECK(outcome(world.run<DeleteUser>(stale, json_of(R"({"id":%})", text_at(user, "id")))) ==
        "precondition_failed");
  Call fresh = as_local_operator();
  fresh.if_match = number_at(user, "version");
  const auto changed = must(world.run<UpdateUser>(fresh, rename));
  CHECK(number_at(changed, "version") != number_at(user, "version"));
  CHECK(fresh.version == number_at(changed, "version"));
  CHECK(outcome(world.run<UpdateUser>(
            fresh, json_of(R"({"id":%,"display_name":"C"})", text_at(user, "id")))) == "precondition_failed");
}

TEST_CASE("A disabled user is out at once and may come back") {
  World world;
  const UserId user = sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  const std::string id = user.text();
  CHECK(token_state(world, login.access_token) == "ok");
  must(world.run<UpdateUser>(json_of(R"({"id":%,"status":"disabled"})", id)));
  CHECK(token_state(world, login.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, login.refresh_token)) == "token_revoked");
  CHECK(outcome(try_log_in(world, "alice")) == "account_disabled");
  CHECK(outcome(try_log_in(world, "alice", "not-the-password")) == "unauthenticated");

  must(world.run<UpdateUser>(json_of(R"({"id":%,"status":"active"})", id)));
  CHECK(token_state(world, login.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, login.refresh_token)) == "token_revoked");
  const LoggedIn anew = log_in(world, "alice");
  CHECK(token_state(world, anew.access_token) == "ok");
  CHECK(outcome(try_refresh(world, anew.refresh_token)) == "ok");
}

TEST_CASE("A deleted user is gone with sessions and tokens; deleting again changes nothing") {
  World world;
  const UserId user = sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  const std::string request = json_of(R"({"id":%})", user.text());
  CHECK(outcome(world.run_as<DeleteUser>(sign_up(world, "bob"), request)) == "permission_denied");

  Call dry = as_local_operator();
  dry.dry_run = true;
  CHECK(number_at(must(world.run<DeleteUser>(dry, request)), "changes") == 1);
  CHECK(token_state(world, login.access_token) == "ok");

  Call own = as_session(login);
  CHECK(flag_at(must(world.run<DeleteUser>(own, request)), "changed"));
  CHECK(token_state(world, login.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, login.refresh_token)) == "unauthenticated");
  CHECK(outcome(try_log_in(world, "alice")) == "unauthenticated");
  CHECK_FALSE(flag_at(must(world.run<DeleteUser>(request)), "changed"));
  CHECK(outcome(create(world, anonymous(), R"({"username":"alice","password":"plume-lantern-47-quarry"})")) ==
        "ok");
  world.reopen();
  CHECK(token_state(world, login.access_token) == "token_revoked");
}

}  // namespace muster::ops::testing
