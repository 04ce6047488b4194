// SPDX-License-Identifier: Apache-2.0
#include "lib/ops/accounts_fixture.hpp"
#include "ops/passwords.hpp"
#include "ops/users.hpp"
#include "ports/user_store.hpp"

#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

constexpr const char* better = "cobalt-thimble-93-orchard";

Result<wire::Json> change_own(World& world, const LoggedIn& login, std::string_view old_password,
                              std::string_view new_password) {
  Call call = as_session(login);
  return world.run<ChangeOwnPassword>(call, json_of(R"({"old_password":%,"new_password":%})",
                                                    std::string(old_password), std::string(new_password)));
}

Result<wire::Json> set(World& world, Call call, UserId user, std::string_view password) {
  return world.run<SetUserPassword>(
      call, json_of(R"({"id":%,"new_password":%})", user.text(), std::string(password)));
}

}  // namespace

TEST_CASE("Changing one's own password ends all other sessions and keeps this one") {
  World world;
  sign_up(world, "alice");
  const LoggedIn here = log_in(world, "alice");
  const LoggedIn elsewhere = log_in(world, "alice");
  CHECK(flag_at(must(change_own(world, here, good_password, better)), "changed"));
  CHECK(token_state(world, here.access_token) == "ok");
  CHECK(outcome(try_refresh(world, here.refresh_token)) == "ok");
  CHECK(token_state(world, elsewhere.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, elsewhere.refresh_token)) == "token_revoked");
  CHECK(outcome(try_log_in(world, "alice")) == "unauthenticated");
  CHECK(outcome(try_log_in(world, "alice", better)) == "ok");
}

TEST_CASE("A wrong old password or a bad new one changes nothing") {
  World world;
  sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  const auto wrong = change_own(world, login, "not-the-password", better);
  CHECK(outcome(wrong) == "permission_denied");
  CHECK(fields_of(wrong) == "old_password");
  const auto weak = change_own(world, login, good_password, "password");
  CHECK(outcome(weak) == "invalid_argument");
  CHECK(fields_of(weak) == "new_password");
  Call local = as_local_operator();
  CHECK(outcome(world.run<ChangeOwnPassword>(
            local, json_of(R"({"old_password":%,"new_password":%})", "a", "b"))) == "invalid_argument");
  CHECK(outcome(try_log_in(world, "alice")) == "ok");
}

TEST_CASE("Guessing the old password is slowed down as guessing at login is") {
  World world;
  Settings settings = *world.context().settings();
  settings.login_failures_max = 3;
  world.change_settings(settings);
  sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  for (int i = 0; i < 3; ++i)
    CHECK(outcome(change_own(world, login, "not-the-password", better)) == "permission_denied");
  CHECK(outcome(change_own(world, login, good_password, better)) == "rate_limited");
  CHECK(outcome(try_log_in(world, "alice")) == "rate_limited");
}

TEST_CASE("An operator's new password ends every session, also for a user who had none") {
  World world;
  const UserId user = sign_up(world, "alice");
  const UserId without = world.add_user("bob");
  const LoggedIn login = log_in(world, "alice");
  must(set(world, as_local_operator(), user, better));
  CHECK(token_state(world, login.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, login.refresh_token)) == "token_revoked");
  CHECK(outcome(try_log_in(world, "alice")) == "unauthenticated");
  const LoggedIn anew = log_in(world, "alice", better);
  CHECK(outcome(try_refresh(world, anew.refresh_token)) == "ok");

  CHECK(outcome(try_log_in(world, "bob")) == "unauthenticated");
  must(set(world, as_local_operator(), without, better));
  CHECK(outcome(try_log_in(world, "bob", better)) == "ok");

  CHECK(outcome(set(world, as_local_operator(), UserId{7}, better)) == "not_found");
  CHECK(fields_of(set(world, as_local_operator(), user, "alice123")) == "new_password");
  CHECK(outcome(set(world, world.as_user(user), without, better)) == "permission_denied");
}

TEST_CASE("Nobody comes to more rights by setting a password") {
  World world;
  const UserId clerk = sign_up(world, "clerk");
  const UserId plain = sign_up(world, "plain");
  const UserId admin = sign_up(world, "boss");
  permit(world, clerk, "update:user");
  permit(world, plain, "create:order");
  permit(world, admin, "*:*");
  CHECK(outcome(set(world, world.as_user(clerk), plain, better)) == "ok");
  CHECK(outcome(set(world, world.as_user(clerk), admin, better)) == "permission_denied");
  CHECK(outcome(set(world, world.as_user(admin), clerk, better)) == "ok");
  CHECK(outcome(try_log_in(world, "boss")) == "ok");
}

TEST_CASE("A disabled user's rights count as if the user were active") {
  World world;
  const UserId clerk = sign_up(world, "clerk");
  const UserId admin = sign_up(world, "boss");
  permit(world, clerk, "update:user");
  permit(world, admin, "*:*");
  const std::string disable = json_of(R"({"id":%,"status":"disabled"})", admin.text());
  CHECK(outcome(world.run_as<UpdateUser>(clerk, disable)) == "permission_denied");
  must(world.run<UpdateUser>(disable));
  CHECK(outcome(set(world, world.as_user(clerk), admin, better)) == "permission_denied");
  const std::string enable = json_of(R"({"id":%,"status":"active"})", admin.text());
  CHECK(outcome(world.run_as<UpdateUser>(clerk, enable)) == "permission_denied");
  must(world.run<UpdateUser>(enable));
  CHECK(outcome(try_log_in(world, "boss", better)) == "unauthenticated");
  CHECK(outcome(try_log_in(world, "boss")) == "ok");
}

TEST_CASE("Setting a password leaves an audit record without the password") {
  World world;
  const UserId user = sign_up(world, "alice");
  const std::int64_t before = audit_records(world);
  Call dry = as_local_operator();
  dry.dry_run = true;
  const auto plan =
      must(world.run<SetUserPassword>(dry, json_of(R"({"id":%,"new_password":%})", user.text(), better)));
  CHECK(wire::to_text(plan).find(better) == std::string::npos);
  CHECK(audit_records(world) == before);
  CHECK(outcome(try_log_in(world, "alice")) == "ok");
}

}  // namespace muster::ops::testing
