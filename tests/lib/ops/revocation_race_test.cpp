// SPDX-License-Identifier: Apache-2.0
// Revocations beside what runs at the same time, and of more users than one unit of work takes.
#include "lib/ops/accounts_fixture.hpp"
#include "ops/create_role.hpp"
#include "ops/log_in.hpp"
#include "ops/revoke_tokens.hpp"
#include "ports/crypto.hpp"
#include "ports/role_store.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"

#include <functional>
#include <map>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

/// The real hasher; something else happens while it verifies.
class BusyHasher final : public ports::PasswordHasher {
 public:
  BusyHasher(ports::PasswordHasher& real, std::function<void()> meanwhile)
      : real_(real), meanwhile_(std::move(meanwhile)) {}
  Result<Secret> hash(const Secret& password) override { return real_.hash(password); }
  Result<ports::PasswordMatch> verify(const Secret& password, const Secret& hash) override {
    meanwhile_();
    return real_.verify(password, hash);
  }
  void verify_nothing(const Secret& password) override { real_.verify_nothing(password); }
  Status check_format(std::string_view hash) const override { return real_.check_format(hash); }

 private:
  ports::PasswordHasher& real_;
  std::function<void()> meanwhile_;
};

Result<wire::Json> log_in_while(World& world, std::string_view name, std::function<void()> meanwhile) {
  Context& usual = world.context();
  BusyHasher hasher(usual.hasher, std::move(meanwhile));
  Context busy{usual.store,  usual.clock,          usual.entropy,         usual.ids,        hasher,
               usual.signer, usual.sealer,         usual.meter,           usual.authorizer, usual.tokens,
               usual.jobs,   usual.login_throttle, usual.initial_settings};
  Call call = anonymous();
  const auto request =
      wire::parse_json(json_of(R"({"login":%,"password":%})", std::string(name), std::string(good_password)));
  REQUIRE(request);
  const auto reply = invoke<LogIn>(busy, call, *request);
  if (!reply) return fail(reply.error());
  return wire::parse_json(*reply);
}

bool session_lives(World& world, const SessionId& session) {
  bool lives = false;
  REQUIRE(world.context().store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto found, unit.sessions().find(session));
    lives = found && !found->revoked_at;
    return {};
  }));
  return lives;
}

SessionId store_session(World& world, ports::Unit& unit, UserId user, unsigned char number) {
  model::Session session;
  session.id.user = user;
  session.id.random[0] = number;
  session.created_at = session.last_used_at = session.issued_at = world.clock.now();
  session.expires_at = world.clock.now() + std::chrono::hours{1};
  session.issued_epoch = world.context().tokens.epoch();
  REQUIRE(unit.sessions().create(session));
  return session.id;
}

std::vector<UserId> add_members(World& world, const std::string& role, int count) {
  std::vector<UserId> users;
  for (int i = 0; i < count; ++i) users.push_back(world.context().ids.next().value());
  world.write_by_part(users, [&](ports::Unit& unit, UserId id) -> Status {
    model::User user;
    user.id = id;
    user.username = role + id.text();
    MUSTER_CHECK_OK(unit.users().create(user, user.username, std::nullopt));
    model::Grant grant;
    grant.role = role;
    grant.granted_at = world.clock.now();
    return unit.grants().put(id, grant);
  });
  return users;
}

void add_sessions(World& world, const std::vector<UserId>& users, unsigned char number,
                  std::vector<SessionId>& sessions) {
  std::map<UserId, SessionId> by_user;
  world.write_by_part(users, [&](ports::Unit& unit, UserId user) -> Status {
    by_user[user] = store_session(world, unit, user, number);
    return {};
  });
  sessions.clear();
  for (const UserId user : users) sessions.push_back(by_user[user]);
}

/// Of some of the sessions, those at the edges of a unit among them.
std::vector<std::string> tokens_of(World& world, const std::vector<SessionId>& sessions) {
  Context& context = world.context();
  std::vector<std::string> tokens;
  for (const std::size_t i : {0U, 1U, 499U, 500U, 501U, 999U, 1000U, 1002U, 1003U, 1502U, 1503U}) {
    const auto issued = context.tokens.issue(sessions[i], {}, *context.settings(), context.tokens.epoch());
    REQUIRE(issued);
    tokens.push_back(issued->access_token);
  }
  return tokens;
}

}  // namespace

TEST_CASE("a login that everything's revocation overtakes is refused and leaves no session", "[revocation]") {
  World world;
  const UserId ann = sign_up(world, "ann");
  const std::string early = format_time(world.clock.now());
  world.clock.advance(std::chrono::minutes{1});
  const auto revoke = [&](const std::string& request) {
    must(world.run<RevokeTokens>(request));
    world.clock.advance(std::chrono::seconds{10});
  };
  const std::string all = R"({"all":true})";
  const std::string early_ones = json_of(R"({"all":true,"issued_before":%})", early);
  const std::string only_ann = json_of(R"({"user_id":%})", ann.text());
  const std::vector<std::vector<std::string>> cases{
      {all}, {all, all}, {all, early_ones}, {early_ones, all}, {all, early_ones, early_ones}, {only_ann}};
  const std::vector<std::string>& overtaking = cases[GENERATE(0U, 1U, 2U, 3U, 4U, 5U)];
  const auto overtaken = log_in_while(world, "ann", [&] {
    for (const std::string& request : overtaking) revoke(request);
  });
  REQUIRE(outcome(overtaken) == "unavailable");
  CHECK(overtaken.error().retry_after == std::chrono::seconds(1));
  CHECK(overtaken.error().message.find("log in again") != std::string::npos);
  std::int64_t live = -1;
  REQUIRE(world.context().store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(live, unit.sessions().count_live(ann, world.clock.now()));
    return {};
  }));
  CHECK(live == 0);

  const LoggedIn again = log_in(world, "ann");
  CHECK(token_state(world, again.access_token) == "ok");
  revoke(early_ones);
  for (int restart = 0; restart < 2; ++restart) {
    CHECK(token_state(world, again.access_token) == "ok");
    world.reopen();
  }
  CHECK(outcome(try_refresh(world, again.refresh_token)) == "ok");
}

TEST_CASE("a login that hashes while only early sessions are revoked is good", "[revocation]") {
  World world;
  sign_up(world, "ann");
  const std::string early = format_time(world.clock.now());
  world.clock.advance(std::chrono::minutes{1});
  const LoggedIn login = logged_in_from(must(log_in_while(world, "ann", [&] {
    must(world.run<RevokeTokens>(json_of(R"({"all":true,"issued_before":%})", early)));
  })));
  CHECK(token_state(world, login.access_token) == "ok");
  CHECK(outcome(try_refresh(world, login.refresh_token)) == "ok");
}

TEST_CASE("a role of more members than one unit takes is revoked in several, inherited members too",
          "[revocation]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer"})"));
  must(world.run<CreateRole>(R"({"name":"editor","parents":["viewer"]})"));
  must(world.run<CreateRole>(R"({"name":"other"})"));
  std::vector<UserId> users = add_members(world, "viewer", 1003);
  const std::vector<UserId> editors = add_members(world, "editor", 501);
  users.insert(users.end(), editors.begin(), editors.end());
  const std::vector<UserId> others = add_members(world, "other", 3);
  std::vector<SessionId> old_sessions;
  std::vector<SessionId> new_sessions;
  std::vector<SessionId> strange_sessions;
  add_sessions(world, users, 1, old_sessions);
  add_sessions(world, others, 1, strange_sessions);
  const auto old_tokens = tokens_of(world, old_sessions);
  world.clock.advance(std::chrono::minutes{2});
  const std::string between = format_time(world.clock.now());
  world.clock.advance(std::chrono::minutes{2});
  add_sessions(world, users, 2, new_sessions);
  const auto new_tokens = tokens_of(world, new_sessions);

  const bool bounded = GENERATE(true, false);
  const std::string request =
      bounded ? json_of(R"({"role":"viewer","issued_before":%})", between) : R"({"role":"viewer"})";
  const auto count = static_cast<std::int64_t>(users.size());
  const auto writes_before = world.context().store.counters().writes;
  const auto reply = must(world.run<RevokeTokens>(request));
  CHECK(number_at(reply, "sessions") == (bounded ? count : 2 * count));
  // Units of 500: three for the viewers, two for the editors at most, and the record of it all.
  CHECK(world.context().store.counters().writes - writes_before >= 4);

  for (int restart = 0; restart < 2; ++restart) {
    for (const SessionId& session : old_sessions) REQUIRE_FALSE(session_lives(world, session));
    for (const SessionId& session : new_sessions) REQUIRE(session_lives(world, session) == bounded);
    for (const SessionId& session : strange_sessions) REQUIRE(session_lives(world, session));
    for (const std::string& token : old_tokens) REQUIRE(token_state(world, token) == "token_revoked");
    for (const std::string& token : new_tokens)
      REQUIRE(token_state(world, token) == (bounded ? "ok" : "token_revoked"));
    world.reopen();
  }
  const auto again = must(world.run<RevokeTokens>(request));
  CHECK(number_at(again, "sessions") == 0);
}

}  // namespace muster::ops::testing
