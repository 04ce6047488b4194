// SPDX-License-Identifier: Apache-2.0
#include "lib/ops/accounts_fixture.hpp"
#include "ops/inspect_token.hpp"
#include "ops/keys.hpp"
#include "ops/oauth.hpp"
#include "ops/remembered_tokens.hpp"
#include "ops/revoke_tokens.hpp"
#include "ops/sessions.hpp"
#include "ops/users.hpp"
#include "ports/security_store.hpp"

#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

std::map<std::string, std::string> keys_by_state(World& world) {
  std::map<std::string, std::string> out;
  const auto keys = must(world.run<ListKeys>());
  for (const auto& key : keys.at("items").as_array()) out[text_at(key, "state")] = text_at(key, "id");
  return out;
}

std::string algorithm_of(World& world, const std::string& state) {
  const auto keys = must(world.run<ListKeys>());
  for (const auto& key : keys.at("items").as_array())
    if (text_at(key, "state") == state) return text_at(key, "algorithm");
  return {};
}

bool is_remembered(World& world, const std::string& token) {
  return world.context().tokens.verify_from_memory(token).has_value();
}

Introspection introspect(World& world, const std::string& token) {
  Call call = as_local_operator();
  auto reply = introspect_token(world.context(), call, Secret(token));
  REQUIRE(reply);
  return *reply;
}

Result<wire::Json> verify(World& world, Call call, const char* request = "{}") {
  return world.run<VerifyToken>(call, request);
}

std::shared_ptr<const ports::AccessClaims> claims_until(Time expires_at) {
  ports::AccessClaims claims;
  claims.expires_at = expires_at;
  return std::make_shared<const ports::AccessClaims>(claims);
}

}  // namespace

TEST_CASE("A verified token is remembered, expires on time and is forgotten") {
  World world;
  sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  CHECK_FALSE(is_remembered(world, login.access_token));
  CHECK(token_state(world, login.access_token) == "ok");
  CHECK(is_remembered(world, login.access_token));
  CHECK(token_state(world, login.access_token + "A") == "unauthenticated");
  CHECK(token_state(world, login.access_token.substr(0, login.access_token.size() - 1)) == "unauthenticated");
  world.clock.advance(std::chrono::minutes{15});
  CHECK(token_state(world, login.access_token) == "token_expired");
  world.context().tokens.tidy();
  CHECK_FALSE(is_remembered(world, login.access_token));
  CHECK(token_state(world, login.access_token) == "token_expired");
}

TEST_CASE("Remembered tokens are bounded; what was put before a clearing does not come back") {
  RememberedTokens remembered(640, 7);
  const Time later{std::chrono::hours{2}};
  for (int i = 0; i < 10'000; ++i)
    remembered.put("token" + std::to_string(i), claims_until(later), remembered.generation());
  CHECK(remembered.size() <= 640);
  CHECK(remembered.size() > 200);
  CHECK(remembered.find("token9999"));
  CHECK_FALSE(remembered.find("token0"));

  const std::uint64_t before = remembered.generation();
  remembered.clear();
  CHECK(remembered.size() == 0);
  remembered.put("late", claims_until(later), before);
  CHECK_FALSE(remembered.find("late"));
  remembered.put("good", claims_until(later), remembered.generation());
  remembered.put("soon", claims_until(later - std::chrono::hours{1}), remembered.generation());
  remembered.forget_expired(later - std::chrono::minutes{1});
  CHECK(remembered.find("good"));
  CHECK_FALSE(remembered.find("soon"));
}

TEST_CASE("Revocations outlive a restart, and so does the epoch that new sessions stand above") {
  World world;
  const UserId user = sign_up(world, "alice");
  const LoggedIn old = log_in(world, "alice");
  must(world.run<EndSessions>(json_of(R"({"user_id":%})", user.text())));
  const std::int64_t epoch = world.context().tokens.epoch();
  CHECK(epoch > 0);
  world.reopen();
  CHECK(token_state(world, old.access_token) == "token_revoked");
  CHECK(world.context().tokens.epoch() == epoch);

  // When nothing of that revocation is left but the mark on the user.
  world.clock.advance(std::chrono::hours{48});
  REQUIRE(world.context().store.write([&](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.revocations().purge(world.clock.now(), 1000));
    return {};
  }));
  world.reopen();
  CHECK(world.context().tokens.epoch() == epoch);
  const LoggedIn anew = log_in(world, "alice");
  CHECK(token_state(world, anew.access_token) == "ok");
  CHECK(outcome(try_refresh(world, anew.refresh_token)) == "ok");
}

TEST_CASE("A token carries the epoch from before its session was looked at") {
  World world;
  const UserId user = sign_up(world, "alice");
  Tokens& tokens = world.context().tokens;
  const std::int64_t epoch = tokens.epoch();
  must(world.run<RevokeTokens>(json_of(R"({"user_id":%})", user.text())));
  SessionId session;
  session.user = user;
  const auto late = tokens.issue(session, {}, *world.context().settings(), epoch);
  REQUIRE(late);
  CHECK(token_state(world, late->access_token) == "token_revoked");
  const auto after = tokens.issue(session, {}, *world.context().settings(), tokens.epoch());
  REQUIRE(after);
  CHECK(token_state(world, after->access_token) == "ok");
}

TEST_CASE("A revocation of everybody also stops refreshes, but not later logins") {
  World world;
  sign_up(world, "alice");
  const LoggedIn before = log_in(world, "alice");
  must(world.run<RevokeTokens>(R"({"all":true})"));
  CHECK(token_state(world, before.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, before.refresh_token)) == "token_revoked");
  const LoggedIn after = log_in(world, "alice");
  CHECK(outcome(try_refresh(world, after.refresh_token)) == "ok");
}

TEST_CASE("Revocations are kept as long as tokens of a longer time to live are about") {
  World world;
  Settings settings = *world.context().settings();
  Tokens& tokens = world.context().tokens;
  const Time now = world.clock.now();
  CHECK(tokens.dead_by(now, settings) == now + std::chrono::minutes{16});
  SessionId session;
  session.user = UserId{5};
  Settings longer = settings;
  longer.token_access_ttl = std::chrono::hours{4};
  REQUIRE(tokens.issue(session, {}, longer, 0));
  CHECK(tokens.dead_by(now, settings) == now + std::chrono::hours{4} + std::chrono::minutes{1});
}

TEST_CASE("A rotation moves every key on, old tokens stay good, and dead keys go") {
  World world;
  sign_up(world, "alice");
  const LoggedIn before = log_in(world, "alice");
  CHECK(token_state(world, before.access_token) == "ok");
  auto keys = keys_by_state(world);
  CHECK(keys.size() == 2);

  Call dry = as_local_operator();
  dry.dry_run = true;
  must(world.run<RotateKeys>(dry));
  CHECK(keys_by_state(world) == keys);

  const auto rotated = must(world.run<RotateKeys>());
  CHECK(text_at(rotated.at("current"), "id") == keys["next"]);
  CHECK(text_at(rotated.at("retired"), "id") == keys["current"]);
  CHECK(text_at(rotated.at("retired"), "expires_at") == "2027-01-15T08:16:00Z");
  CHECK_FALSE(is_remembered(world, before.access_token));
  CHECK(token_state(world, before.access_token) == "ok");
  const LoggedIn after = log_in(world, "alice");
  CHECK(token_state(world, after.access_token) == "ok");
  world.reopen();
  CHECK(token_state(world, before.access_token) == "ok");
  CHECK(token_state(world, after.access_token) == "ok");

  world.clock.advance(std::chrono::minutes{16});
  const auto rotated_again = rotate_keys_if_due(world.context());
  REQUIRE(rotated_again);
  CHECK_FALSE(*rotated_again);
  CHECK(keys_by_state(world).count("retired") == 0);
  CHECK(outcome(world.run_as<RotateKeys>(after.user)) == "permission_denied");
  CHECK(outcome(world.run_as<ListKeys>(after.user)) == "permission_denied");
}

TEST_CASE("Keys rotate by themselves when they are due, once") {
  World world;
  const auto first = keys_by_state(world);
  world.clock.advance(std::chrono::hours{24 * 30} - std::chrono::seconds{1});
  CHECK_FALSE(*rotate_keys_if_due(world.context()));
  world.clock.advance(std::chrono::seconds{1});
  const std::int64_t records = audit_records(world);
  CHECK(*rotate_keys_if_due(world.context()));
  CHECK(audit_records(world) == records + 1);
  CHECK(keys_by_state(world)["current"] == first.at("next"));
  CHECK_FALSE(*rotate_keys_if_due(world.context()));
}

TEST_CASE("Of several daemons that find the keys due, one rotates them") {
  World world;
  const auto first = keys_by_state(world);
  world.clock.advance(std::chrono::hours{24 * 30});
  std::atomic<int> rotated{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> daemons;
  for (int i = 0; i < 8; ++i)
    daemons.emplace_back([&] {
      const auto done = rotate_keys_if_due(world.context());
      if (!done)
        ++failed;
      else if (*done)
        ++rotated;
    });
  for (std::thread& each : daemons) each.join();
  CHECK(failed == 0);
  CHECK(rotated == 1);
  CHECK(keys_by_state(world)["current"] == first.at("next"));
}

TEST_CASE("Another algorithm comes in through the next key") {
  World world;
  Settings settings = *world.context().settings();
  settings.token_algorithm = model::SigningAlgorithm::hs256;
  world.change_settings(settings);
  sign_up(world, "alice");
  const LoggedIn before = log_in(world, "alice");
  must(world.run<RotateKeys>());
  CHECK(algorithm_of(world, "current") == "ES256");
  CHECK(algorithm_of(world, "next") == "HS256");
  must(world.run<RotateKeys>());
  CHECK(algorithm_of(world, "current") == "HS256");
  CHECK(token_state(world, before.access_token) == "ok");
  CHECK(token_state(world, log_in(world, "alice").access_token) == "ok");
  // A start with another setting replaces the next key, which has signed nothing.
  world.reopen();
  CHECK(algorithm_of(world, "current") == "HS256");
  CHECK(algorithm_of(world, "next") == "ES256");
}

TEST_CASE("Verify answers who it is, and refuses for a missing permission") {
  World world;
  const UserId alice = sign_up(world, "alice");
  permit(world, alice, "create:order");
  const LoggedIn login = log_in(world, "alice");
  const auto reply = must(verify(world, as_session(login)));
  CHECK(text_at(reply, "user_id") == alice.text());
  CHECK(text_at(reply, "session_id") == login.session.text());
  CHECK(text_at(reply, "roles") == R"(["may-create.order"])");
  CHECK(outcome(verify(world, as_session(login), R"({"permission":"create:order"})")) == "ok");
  CHECK(outcome(verify(world, as_session(login), R"({"permission":"delete:order"})")) == "permission_denied");
  CHECK(outcome(verify(world, as_session(login), R"({"permission":"nonsense"})")) == "invalid_argument");
  CHECK(outcome(verify(world, anonymous())) == "unauthenticated");
  CHECK(outcome(verify(world, as_local_operator())) == "unauthenticated");

  Call call = as_session(login);
  const auto quick = VerifyToken::run_from_memory(world.context(), call, {.permission = "create:order"});
  REQUIRE(quick);
  REQUIRE(*quick);
  CHECK((*quick)->user_id == alice);
  must(world.run<DeleteUser>(json_of(R"({"id":%})", alice.text())));
  CHECK_FALSE(VerifyToken::run_from_memory(world.context(), call, {}));
  CHECK(outcome(verify(world, as_session(login))) == "unauthenticated");
}

TEST_CASE("Inspecting tells what a token says and why it is refused") {
  World world;
  const UserId alice = sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  const auto inspect = [&](const std::string& token) {
    return must(world.run<InspectToken>(json_of(R"({"token":%})", token)));
  };
  auto seen = inspect(login.access_token);
  CHECK(text_at(seen, "kind") == "access");
  CHECK(flag_at(seen, "valid"));
  CHECK(text_at(seen, "user_id") == alice.text());
  CHECK(text_at(seen.at("claims"), "iss") == "muster");
  CHECK(text_at(seen.at("header"), "alg") == "ES256");
  seen = inspect(login.access_token.substr(0, login.access_token.size() - 4) + "AAAA");
  CHECK_FALSE(flag_at(seen, "valid"));
  CHECK(text_at(seen, "reason") == "unauthenticated");
  CHECK(text_at(seen.at("claims"), "sub") == alice.text());
  CHECK(text_at(inspect("what.is.this"), "kind") == "unknown");

  CHECK(flag_at(inspect(login.refresh_token), "valid"));
  must(try_refresh(world, login.refresh_token));
  CHECK(text_at(inspect(login.refresh_token), "reason") == "refresh_reused");
  must(world.run<EndSession>(json_of(R"({"id":%})", login.session.text())));
  CHECK(text_at(inspect(login.access_token), "reason") == "token_revoked");
  CHECK(outcome(world.run_as<InspectToken>(alice, R"({"token":"x"})")) == "permission_denied");
}

TEST_CASE("Introspection knows live access and refresh tokens and nothing else") {
  World world;
  const UserId alice = sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  const auto access = introspect(world, login.access_token);
  CHECK(access.active);
  const auto json = *wire::parse_json(access.json());
  CHECK(text_at(json, "sub") == alice.text());
  CHECK(text_at(json, "username") == "alice");
  CHECK(text_at(json, "sid") == login.session.text());
  CHECK(number_at(json, "exp") - number_at(json, "iat") == 900);
  const auto refresh = introspect(world, login.refresh_token);
  CHECK(refresh.active);
  CHECK(refresh.token_use == "refresh_token");

  CHECK(introspect(world, "nonsense").json() == R"({"active":false})");
  const LoggedIn next = logged_in_from(must(try_refresh(world, login.refresh_token)));
  CHECK_FALSE(introspect(world, login.refresh_token).active);
  // Asking is not using: the session lives on.
  CHECK(introspect(world, next.refresh_token).active);
  must(world.run<UpdateUser>(json_of(R"({"id":%,"status":"disabled"})", alice.text())));
  CHECK_FALSE(introspect(world, next.refresh_token).active);
  CHECK_FALSE(introspect(world, next.access_token).active);

  Call user = world.as_user(sign_up(world, "eve"));
  const auto refused = introspect_token(world.context(), user, Secret(login.access_token));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::permission_denied);
}

TEST_CASE("Revoking by token ends its session; a session's id alone is not enough") {
  World world;
  sign_up(world, "alice");
  const LoggedIn by_access = log_in(world, "alice");
  const LoggedIn by_refresh = log_in(world, "alice");
  const LoggedIn untouched = log_in(world, "alice");
  const auto revoke = [&](const std::string& token) {
    Call call = anonymous();
    CHECK(revoke_token(world.context(), call, Secret(token)));
  };
  revoke(by_access.access_token);
  CHECK(token_state(world, by_access.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, by_access.refresh_token)) == "token_revoked");
  const LoggedIn next = logged_in_from(must(try_refresh(world, by_refresh.refresh_token)));
  revoke(by_refresh.refresh_token);
  CHECK(token_state(world, next.access_token) == "token_revoked");
  revoke(by_refresh.refresh_token);
  revoke("nonsense");
  revoke("mrt_" + untouched.session.text() + std::string(96, 'A'));
  CHECK(token_state(world, untouched.access_token) == "ok");
}

}  // namespace muster::ops::testing
