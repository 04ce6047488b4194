// SPDX-License-Identifier: Apache-2.0
#include "lib/ops/fixture.hpp"
#include "ops/authorizer.hpp"
#include "ops/change_role.hpp"
#include "ops/create_role.hpp"
#include "ops/grant_role.hpp"
#include "ops/revoke_tokens.hpp"
#include "ops/revoking.hpp"
#include "ops/tokens.hpp"
#include "ports/security_store.hpp"
#include "ports/session_store.hpp"
#include "wire/error_table.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

struct Login {
  SessionId session;
  std::string token;
};

Login log_in(World& world, UserId user) {
  Login out;
  out.session = world.add_session(user);
  Context& context = world.context();
  const auto issued = context.tokens.issue(out.session, {}, *context.settings(), context.tokens.epoch());
  REQUIRE(issued);
  out.token = issued->access_token;
  return out;
}

std::string state(World& world, const Login& login) {
  const auto verified = world.context().tokens.verify(login.token, *world.context().settings());
  return verified ? "good" : std::string(wire::entry_of(verified.error().code).name);
}

bool session_lives(World& world, const Login& login) {
  bool lives = false;
  const Status read = world.context().store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto found, unit.sessions().find(login.session));
    lives = found && !found->revoked_at;
    return {};
  });
  REQUIRE(read);
  return lives;
}

/// Passes everything on to the real store until it dies: from a given write on nothing gets through.
class DyingStore final : public ports::Store {
 public:
  DyingStore(ports::Store& store, int writes) : store_(store), writes_left_(writes) {}

  using ports::Store::read;
  Status read(const ports::Home& home, const ports::Freshness& freshness,
              const std::function<Status(ports::Unit&)>& work) override {
    return store_.read(home, freshness, work);
  }
  using ports::Store::write;
  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override {
    if (writes_left_-- <= 0) return fail(ErrorCode::unavailable, "the daemon is dead");
    return store_.write(home, work);
  }
  ports::StoreHealth health() override { return store_.health(); }
  [[nodiscard]] ports::StoreCounters counters() const override { return store_.counters(); }
  Status backup(const std::string& path,
                const std::function<bool(std::int64_t, std::int64_t)>& progress) override {
    return store_.backup(path, progress);
  }
  Status verify_backup(const std::string& path) override { return store_.verify_backup(path); }
  Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                    const std::string& name) override {
    return store_.fact_of_backup(path, name);
  }
  Status maintain() override { return store_.maintain(); }

 private:
  ports::Store& store_;
  int writes_left_;
};

std::int64_t revocations_recorded(World& world) {
  std::int64_t count = 0;
  REQUIRE(world.context().store.read([&](ports::Unit& unit) -> Status {
    ports::AuditFilter filter;
    filter.operation = "revoke_tokens";
    MUSTER_TRY(const auto records, unit.audit().list(filter, 0, 100));
    count = static_cast<std::int64_t>(records.size());
    return {};
  }));
  return count;
}

/// The same now and after a restart.
void check_states(World& world, const std::vector<Login>& logins, const std::vector<bool>& good) {
  for (int restart = 0; restart < 2; ++restart) {
    for (std::size_t i = 0; i < logins.size(); ++i) {
      INFO("login " << i << ", restart " << restart);
      CHECK(state(world, logins[i]) == (good[i] ? "good" : "token_revoked"));
      CHECK(session_lives(world, logins[i]) == good[i]);
    }
    world.reopen();
  }
}

std::int64_t sessions_of(const wire::Json& reply) {
  return reply.at("sessions").as_int64();
}

}  // namespace

TEST_CASE("a session's tokens are revoked at once and for ever", "[revocation]") {
  World world;
  const UserId ann = world.add_user("ann");
  const std::vector<Login> logins{log_in(world, ann), log_in(world, ann)};
  CHECK(state(world, logins[0]) == "good");
  const auto reply =
      must(world.run<RevokeTokens>(json_of(R"({"session_id":%,"wait":true})", logins[0].session.text())));
  CHECK(sessions_of(reply) == 1);
  CHECK(reply.at("epoch").as_int64() == world.context().tokens.epoch());
  CHECK(reply.at("nodes").as_int64() == 1);
  CHECK(reply.at("slowest_node").is_string());
  CHECK(reply.at("slowest_ms").as_double() >= 0);
  check_states(world, logins, {false, true});
  const auto again = must(world.run<RevokeTokens>(json_of(R"({"session_id":%})", logins[0].session.text())));
  CHECK(sessions_of(again) == 0);
  CHECK(again.at("nodes").is_null());
}

TEST_CASE("a user's tokens are revoked, and what comes later is good", "[revocation]") {
  World world;
  const UserId ann = world.add_user("ann");
  std::vector<Login> logins{log_in(world, ann), log_in(world, ann), log_in(world, world.add_user("ben"))};
  CHECK(sessions_of(must(world.run<RevokeTokens>(json_of(R"({"user_id":%})", ann.text())))) == 2);
  // In the same second, with the same `iat`.
  logins.push_back(log_in(world, ann));
  check_states(world, logins, {false, false, true, true});
}

TEST_CASE("issued_before spares what was issued later", "[revocation]") {
  World world;
  const UserId ann = world.add_user("ann");
  std::vector<Login> logins{log_in(world, ann)};
  world.clock.advance(std::chrono::minutes{2});
  const std::string between = format_time(world.clock.now());
  world.clock.advance(std::chrono::minutes{2});
  logins.push_back(log_in(world, ann));
  CHECK(outcome(world.run<RevokeTokens>(json_of(R"({"user_id":%,"issued_before":%})", ann.text(),
                                                format_time(world.clock.now() + std::chrono::seconds{1})))) ==
        "invalid_argument");
  const std::string target = GENERATE("user", "all", "session");
  if (target == "user")
    CHECK(sessions_of(must(world.run<RevokeTokens>(
              json_of(R"({"user_id":%,"issued_before":%})", ann.text(), between)))) == 1);
  else if (target == "all")
    CHECK(sessions_of(must(world.run<RevokeTokens>(json_of(R"({"all":true,"issued_before":%})", between)))) ==
          1);
  else
    for (const Login& login : logins)
      must(world.run<RevokeTokens>(
          json_of(R"({"session_id":%,"issued_before":%})", login.session.text(), between)));
  check_states(world, logins, {false, true});
}

TEST_CASE("everybody's tokens are revoked", "[revocation]") {
  World world;
  std::vector<Login> logins{log_in(world, world.add_user("ann")), log_in(world, world.add_user("ben"))};
  CHECK(sessions_of(must(world.run<RevokeTokens>(R"({"all":true,"reason":"leak"})"))) == 2);
  logins.push_back(log_in(world, logins[0].session.user));
  CHECK(sessions_of(must(world.run<RevokeTokens>(R"({"all":true})"))) == 1);
  check_states(world, logins, {false, false, false});
}

TEST_CASE("the sessions of a large installation are marked bit by bit after a revocation of all",
          "[revocation]") {
  World world;
  const UserId ann = world.add_user("ann");
  constexpr int count = 2500;
  std::vector<Login> logins;
  REQUIRE(world.context().store.write(ports::Home::of(ann), [&](ports::Unit& unit) -> Status {
    for (int i = 0; i < count; ++i) {
      model::Session session;
      session.id.user = ann;
      session.id.random[0] = static_cast<unsigned char>(i % 256);
      session.id.random[1] = static_cast<unsigned char>(i / 256);
      session.created_at = session.issued_at = world.clock.now();
      session.expires_at = world.clock.now() + std::chrono::hours{1};
      MUSTER_CHECK_OK(unit.sessions().create(session));
      logins.push_back({session.id, {}});
    }
    return {};
  }));
  CHECK(sessions_of(must(world.run<RevokeTokens>(R"({"all":true})"))) == count);
  CHECK(session_lives(world, logins.back()));
  const Login later = log_in(world, ann);
  int sweeps = 0;
  while (sweep_sessions(world.context()).value()) REQUIRE(++sweeps < 10);
  CHECK(sweeps >= 1);
  for (const Login& login : logins) REQUIRE_FALSE(session_lives(world, login));
  CHECK(session_lives(world, later));
  CHECK_FALSE(sweep_sessions(world.context()).value());
}

TEST_CASE("a role's holders are revoked, by inheritance too", "[revocation]") {
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer"})"));
  must(world.run<CreateRole>(R"({"name":"editor","parents":["viewer"]})"));
  must(world.run<CreateRole>(R"({"name":"other"})"));
  const UserId ann = world.add_user("ann");
  const UserId ben = world.add_user("ben");
  const UserId cid = world.add_user("cid");
  const UserId dan = world.add_user("dan");
  const auto grant = [&](UserId user, const char* role, const std::string& more = "") {
    must(world.run<GrantRole>(json_of(R"({"id":%,"role":%)", user.text(), role) + more + "}"));
  };
  grant(ann, "viewer");
  grant(ben, "editor");
  grant(ben, "viewer");
  grant(cid, "other");
  grant(dan, "viewer",
        json_of(R"(,"expires_at":%)", format_time(world.clock.now() + std::chrono::seconds{1})));
  world.clock.advance(std::chrono::seconds{2});
  const std::vector<Login> logins{log_in(world, ann), log_in(world, ben), log_in(world, cid),
                                  log_in(world, dan)};
  Call dry = world.as_operator();
  dry.dry_run = true;
  const auto plan = must(world.run<RevokeTokens>(dry, R"({"role":"viewer"})"));
  CHECK(plan.at("changes").as_int64() == 2);
  CHECK(state(world, logins[0]) == "good");

  Call planned = world.as_operator();
  planned.plan_hash = std::string(plan.at("plan_hash").as_string());
  const UserId eve = world.add_user("eve");
  grant(eve, "editor");
  const Login late = log_in(world, eve);
  CHECK(outcome(world.run<RevokeTokens>(planned, R"({"role":"viewer"})")) == "precondition_failed");
  CHECK(state(world, logins[0]) == "good");
  must(world.run<RevokeTokens>(json_of(R"({"session_id":%})", late.session.text())));
  Call fresh = world.as_operator();
  fresh.plan_hash = std::string(plan.at("plan_hash").as_string());
  fresh.idempotency_key = "once";
  CHECK(sessions_of(must(world.run<RevokeTokens>(fresh, R"({"role":"viewer"})"))) == 2);
  check_states(world, logins, {false, false, true, true});

  // Repeating the call is answered from memory and touches nobody who came back since.
  const Login back = log_in(world, ann);
  Call again = world.as_operator();
  again.idempotency_key = "once";
  CHECK(sessions_of(must(world.run<RevokeTokens>(again, R"({"role":"viewer"})"))) == 2);
  CHECK(state(world, back) == "good");
  CHECK(outcome(world.run<RevokeTokens>(R"({"role":"nobody"})")) == "not_found");
}

TEST_CASE("a revocation of many holders goes on after the daemon died in it, and is recorded once",
          "[revocation][one-database]") {
  constexpr int holders = 1100;
  World world;
  must(world.run<CreateRole>(R"({"name":"viewer"})"));
  must(world.run<CreateRole>(R"({"name":"editor","parents":["viewer"]})"));
  std::vector<UserId> users;
  for (int i = 0; i < holders; ++i) {
    users.push_back(world.add_user("user" + std::to_string(i)));
    const char* role = i % 3 == 0 ? "viewer" : "editor";
    must(world.run<GrantRole>(json_of(R"({"id":%,"role":%})", users.back().text(), role)));
  }
  // What gets through before the end: the plan, the intent, twice what will end, some holders and what has
  // ended, the record.
  for (int writes = 1; writes <= 9; ++writes) {
    INFO("died after write " << writes);
    std::vector<SessionId> sessions;
    for (const UserId user : users) sessions.push_back(world.add_session(user));
    const auto live = [&] {
      return std::count_if(sessions.begin(), sessions.end(), [&](const SessionId& id) {
        return session_lives(world, {id, {}});
      });
    };
    const std::int64_t recorded = revocations_recorded(world);
    Call call = world.as_operator();
    call.idempotency_key = "key" + std::to_string(writes);
    Context& whole = world.context();
    DyingStore dying(whole.store, writes);
    Context context{dying,        whole.clock,          whole.entropy,         whole.ids,        whole.hasher,
                    whole.signer, whole.sealer,         whole.meter,           whole.authorizer, whole.tokens,
                    whole.jobs,   whole.login_throttle, whole.initial_settings};
    const auto reply = invoke<RevokeTokens>(context, call, *wire::parse_json(R"({"role":"viewer"})"));
    CHECK(reply.has_value() == (writes == 9));
    if (writes == 4) CHECK(live() == holders - 500);
    world.reopen();
    for (int restart = 0; restart < 2; ++restart) {
      REQUIRE(finish_role_revocations(world.context()));
      CHECK(live() == (writes == 1 ? holders : 0));
      CHECK(revocations_recorded(world) - recorded == (writes == 1 ? 0 : 1));
    }
    // Who asks again with the same key gets the answer of that one revocation.
    Call again = world.as_operator();
    again.idempotency_key = call.idempotency_key;
    CHECK(sessions_of(must(world.run<RevokeTokens>(again, R"({"role":"viewer"})"))) == holders);
    CHECK(revocations_recorded(world) - recorded == 1);
  }
}

TEST_CASE("a revocation has exactly one target that exists, and needs its permission", "[revocation]") {
  World world;
  const UserId ann = world.add_user("ann");
  CHECK(outcome(world.run<RevokeTokens>("{}")) == "invalid_argument");
  CHECK(outcome(world.run<RevokeTokens>(R"({"all":false})")) == "invalid_argument");
  CHECK(outcome(world.run<RevokeTokens>(json_of(R"({"all":true,"user_id":%})", ann.text()))) ==
        "invalid_argument");
  CHECK(outcome(world.run<RevokeTokens>(R"({"user_id":"7"})")) == "not_found");
  CHECK(outcome(world.run<RevokeTokens>(json_of(R"({"session_id":%})", SessionId{ann, {}}.text()))) ==
        "not_found");
  CHECK(outcome(world.run_as<RevokeTokens>(ann, json_of(R"({"user_id":%})", ann.text()))) ==
        "permission_denied");
}

TEST_CASE("a bounded revocation does not weaken an earlier unbounded one", "[revocation]") {
  World world;
  const UserId ann = world.add_user("ann");
  const std::string early = format_time(world.clock.now());
  world.clock.advance(std::chrono::minutes{1});
  const std::vector<Login> logins{log_in(world, ann)};
  must(world.run<RevokeTokens>(json_of(R"({"user_id":%})", ann.text())));
  must(world.run<RevokeTokens>(json_of(R"({"user_id":%,"issued_before":%})", ann.text(), early)));
  must(world.run<RevokeTokens>(json_of(R"({"all":true,"issued_before":%})", early)));
  check_states(world, logins, {false});
}

}  // namespace muster::ops::testing
