// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/password_hasher.hpp"
#include "lib/ops/accounts_fixture.hpp"
#include "ops/import_users.hpp"
#include "ops/log_in.hpp"
#include "ops/sessions.hpp"
#include "ops/users.hpp"
#include "ports/user_store.hpp"

#include <algorithm>
#include <map>
#include <thread>

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <time.h>  // clock_gettime is not in <ctime>

namespace muster::ops::testing {
namespace {

std::string stored_hash(World& world, UserId user) {
  std::string hash;
  REQUIRE(world.context().store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto credential, unit.users().credential(user));
    if (credential) hash = std::string(credential->hash.reveal());
    return {};
  }));
  return hash;
}

std::size_t live_sessions(World& world, const LoggedIn& login) {
  Call call = as_session(login);
  return must(world.run<ListSessions>(call)).at("items").as_array().size();
}

/// Of this thread alone, so that a busy machine does not matter.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double login_time(Context& context, const std::string& login) {
  Call call = anonymous();
  const auto request = wire::parse_json(json_of(R"({"login":%,"password":"not-the-password"})", login));
  const double started = cpu_seconds();
  CHECK_FALSE(invoke<LogIn>(context, call, *request));
  return cpu_seconds() - started;
}

}  // namespace

TEST_CASE("A login answers with tokens, session and user") {
  World world;
  const UserId user = sign_up(world, "Alice");
  const auto reply = must(try_log_in(world, "aLiCe"));
  CHECK(text_at(reply, "token_type") == "Bearer");
  CHECK(number_at(reply, "expires_in") == 900);
  CHECK(number_at(reply, "refresh_expires_in") == 30 * 24 * 3600);
  CHECK(text_at(reply.at("user"), "id") == user.text());
  const LoggedIn login = logged_in_from(reply);
  CHECK(login.user == user);
  CHECK(login.refresh_token.size() == 132);
  CHECK(token_state(world, login.access_token) == "ok");
}

TEST_CASE("An email address is a login name too") {
  World world;
  Call call = as_local_operator();
  const UserId user = sign_up(world, "alice");
  must(world.run<UpdateUser>(json_of(R"({"id":%,"email":"alice@example.org"})", user.text())));
  CHECK(log_in(world, "ALICE@example.org").user == user);
}

TEST_CASE("Unknown user, wrong password and disabled account read the same until the password is right") {
  World world;
  sign_up(world, "alice");
  const UserId bob = sign_up(world, "bob");
  world.add_user("carol");
  must(world.run<UpdateUser>(json_of(R"({"id":%,"status":"disabled"})", bob.text())));
  const auto wrong = try_log_in(world, "alice", "not-the-password");
  CHECK(outcome(wrong) == "unauthenticated");
  for (const char* login : {"nobody", "bob", "carol", "no such@name", "@@@", "nobody@example.org"}) {
    const auto reply = try_log_in(world, login, "not-the-password");
    CHECK(outcome(reply) == outcome(wrong));
    CHECK(message(reply) == message(wrong));
  }
  CHECK(outcome(try_log_in(world, "bob")) == "account_disabled");
}

TEST_CASE("Unknown user, wrong password and disabled account take the same time") {
  World world;
  Settings settings = *world.context().settings();
  settings.login_failures_max = 1000;
  world.change_settings(settings);
  const auto hasher =
      crypto::Argon2Hasher::create({.memory_kib = 16 * 1024, .iterations = 1, .parallelism = 1});
  REQUIRE(hasher);
  Context& cheap = world.context();
  Context costly{cheap.store,  cheap.clock,          cheap.entropy,         cheap.ids,        **hasher,
                 cheap.signer, cheap.sealer,         cheap.meter,           cheap.authorizer, cheap.tokens,
                 cheap.jobs,   cheap.login_throttle, cheap.initial_settings};
  const auto hash = (*hasher)->hash(Secret(std::string(good_password)));
  REQUIRE(hash);
  const std::string value(hash->reveal());
  must(world.run<ImportUsers>(json_of(
      R"({"items":[{"username":"alice","password_hash":%},{"username":"bob","status":"disabled","password_hash":%}]})",
      value, value)));

  // In turns, and the quickest of each: what else the machine does then weighs on none of them.
  std::map<std::string, double> quickest;
  for (int round = 0; round < 15; ++round)
    for (const char* login : {"alice", "nobody", "bob", "no such@name"}) {
      const double took = login_time(costly, login);
      const auto [entry, is_new] = quickest.try_emplace(login, took);
      if (!is_new) entry->second = std::min(entry->second, took);
    }
  for (const auto& [login, took] : quickest) {
    const double ratio = took / quickest["alice"];
    INFO(login << " takes " << ratio << " of a wrong password");
    CHECK(ratio > 0.6);
    CHECK(ratio < 1.6);
  }
}

TEST_CASE("Wrong passwords are counted for accounts, there or not, and the window passes") {
  World world;
  Settings settings = *world.context().settings();
  settings.login_failures_max = 3;
  world.change_settings(settings);
  sign_up(world, "alice");
  for (const char* login : {"alice", "nobody"}) {
    for (int i = 0; i < 3; ++i)
      CHECK(outcome(try_log_in(world, login, "wrong-password")) == "unauthenticated");
    const auto refused = try_log_in(world, login);
    CHECK(outcome(refused) == "rate_limited");
    REQUIRE(refused.error().retry_after);
    CHECK(refused.error().retry_after->count() == 300);
  }
  CHECK(outcome(try_log_in(world, "ALICE")) == "rate_limited");
  world.clock.advance(std::chrono::minutes{5});
  CHECK(outcome(try_log_in(world, "alice", "wrong-password")) == "unauthenticated");
  CHECK(outcome(try_log_in(world, "alice")) == "ok");
  for (int i = 0; i < 2; ++i)
    CHECK(outcome(try_log_in(world, "alice", "wrong-password")) == "unauthenticated");
  CHECK(outcome(try_log_in(world, "alice")) == "ok");
}

TEST_CASE("A login renews an imported hash") {
  World world;
  const auto argon = crypto::Argon2Hasher::create({.memory_kib = 64, .iterations = 3, .parallelism = 1});
  REQUIRE(argon);
  const std::string old_hash((*argon)->hash(Secret(std::string(good_password)))->reveal());
  must(world.run<ImportUsers>(json_of(R"({"items":[{"username":"alice","password_hash":%}]})", old_hash)));
  const LoggedIn first = log_in(world, "alice");
  const std::string renewed = stored_hash(world, first.user);
  CHECK(renewed != old_hash);
  log_in(world, "alice");
  CHECK(stored_hash(world, first.user) == renewed);
}

TEST_CASE("The oldest session makes room for a new one") {
  World world;
  Settings settings = *world.context().settings();
  settings.sessions_per_user_max = 3;
  world.change_settings(settings);
  sign_up(world, "alice");
  std::vector<LoggedIn> logins;
  for (int i = 0; i < 5; ++i) {
    logins.push_back(log_in(world, "alice"));
    world.clock.advance(std::chrono::seconds{1});
  }
  CHECK(live_sessions(world, logins[4]) == 3);
  CHECK(token_state(world, logins[0].access_token) == "token_revoked");
  CHECK(token_state(world, logins[1].access_token) == "token_revoked");
  CHECK(token_state(world, logins[2].access_token) == "ok");
  CHECK(outcome(try_refresh(world, logins[1].refresh_token)) == "token_revoked");
}

TEST_CASE("A refresh token works once; seen again it ends the session") {
  World world;
  sign_up(world, "alice");
  const LoggedIn first = log_in(world, "alice");
  world.clock.advance(std::chrono::minutes{1});
  const std::int64_t records = audit_records(world);
  const LoggedIn second = logged_in_from(must(try_refresh(world, first.refresh_token)));
  CHECK(second.session == first.session);
  CHECK(second.refresh_token != first.refresh_token);
  CHECK(token_state(world, second.access_token) == "ok");
  CHECK(audit_records(world) == records);
  const LoggedIn third = logged_in_from(must(try_refresh(world, second.refresh_token)));

  CHECK(outcome(try_refresh(world, first.refresh_token)) == "refresh_reused");
  CHECK(audit_records(world) == records + 1);
  for (const LoggedIn& each : {first, second, third})
    CHECK(token_state(world, each.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, third.refresh_token)) == "token_revoked");
  CHECK(outcome(try_refresh(world, first.refresh_token)) == "refresh_reused");
  CHECK(audit_records(world) == records + 1);
  world.reopen();
  CHECK(token_state(world, third.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, third.refresh_token)) == "token_revoked");
}

TEST_CASE("What is no refresh token, or of no session, is refused") {
  World world;
  sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  for (const std::string& token : {std::string("x"), login.access_token.substr(0, 132),
                                   login.refresh_token + "A", "mrt_" + std::string(128, '*'),
                                   "MRT_" + login.refresh_token.substr(4), "mrt_" + std::string(128, 'A')}) {
    INFO(token);
    CHECK(outcome(try_refresh(world, token)) == "unauthenticated");
  }
  CHECK(outcome(try_refresh(world, login.refresh_token)) == "ok");
}

TEST_CASE("Whoever knows a session's id cannot end it with a token made up") {
  World world;
  sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  const LoggedIn other = log_in(world, "alice");
  const std::string head = "mrt_" + login.session.text();
  REQUIRE(login.refresh_token.starts_with(head));
  const std::size_t rest = login.refresh_token.size() - head.size();
  CHECK(outcome(try_refresh(world, head + std::string(rest, 'A'))) == "unauthenticated");
  // Nor with one of another session.
  CHECK(outcome(try_refresh(world, head + other.refresh_token.substr(head.size()))) == "unauthenticated");
  CHECK(token_state(world, login.access_token) == "ok");
  CHECK(outcome(try_refresh(world, login.refresh_token)) == "ok");
}

TEST_CASE("A session slides while it is used and expires when it is not") {
  World world;
  sign_up(world, "alice");
  LoggedIn login = log_in(world, "alice");
  for (int i = 0; i < 3; ++i) {
    world.clock.advance(std::chrono::hours{24 * 29});
    login = logged_in_from(must(try_refresh(world, login.refresh_token)));
  }
  world.clock.advance(std::chrono::hours{24 * 30});
  CHECK(token_state(world, login.access_token) == "token_expired");
  CHECK(outcome(try_refresh(world, login.refresh_token)) == "token_expired");
}

TEST_CASE("An idempotency key makes a lost refresh safe to repeat, and hides no theft") {
  World world;
  sign_up(world, "alice");
  const LoggedIn login = log_in(world, "alice");
  const std::string request = json_of(R"({"refresh_token":%})", login.refresh_token);
  const auto refresh_with = [&](const char* key) {
    Call call = anonymous();
    call.idempotency_key = key;
    return world.run<RefreshSession>(call, request);
  };
  const auto first = must(refresh_with("k1"));
  CHECK(must(refresh_with("k1")) == first);
  CHECK(token_state(world, text_at(first, "access_token")) == "ok");
  CHECK(outcome(refresh_with("k2")) == "refresh_reused");
  CHECK(token_state(world, text_at(first, "access_token")) == "token_revoked");
}

TEST_CASE("Of many refreshes with one token at once exactly one wins, and the session ends") {
  World world;
  sign_up(world, "alice");
  for (int round = 0; round < 5; ++round) {
    const LoggedIn login = log_in(world, "alice");
    std::mutex mutex;
    std::map<std::string, int> outcomes;
    std::string winner;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        const auto reply = try_refresh(world, login.refresh_token);
        const std::lock_guard lock(mutex);
        ++outcomes[outcome(reply)];
        if (reply) winner = text_at(*reply, "access_token");
      });
    for (std::thread& each : threads) each.join();
    CHECK(outcomes["ok"] == 1);
    CHECK(outcomes["refresh_reused"] == 7);
    CHECK(token_state(world, winner) == "token_revoked");
  }
}

TEST_CASE("Sessions are listed to their owner and to operators") {
  World world;
  const UserId alice = sign_up(world, "alice");
  const UserId bob = sign_up(world, "bob");
  std::vector<LoggedIn> logins;
  for (int i = 0; i < 3; ++i) {
    logins.push_back(log_in(world, "alice"));
    world.clock.advance(std::chrono::seconds{1});
  }
  log_in(world, "bob");

  Call own = as_session(logins[1]);
  const auto page = must(world.run<ListSessions>(own, R"({"limit":2})"));
  REQUIRE(page.at("items").as_array().size() == 2);
  CHECK(text_at(page.at("items").at(0), "id") == logins[2].session.text());
  CHECK_FALSE(flag_at(page.at("items").at(0), "current"));
  CHECK(flag_at(page.at("items").at(1), "current"));
  CHECK(text_at(page.at("items").at(0), "ip") == "198.51.100.7");
  CHECK(text_at(page.at("items").at(0), "user_agent") == "test/1");
  const auto rest =
      must(world.run<ListSessions>(own, json_of(R"({"limit":2,"cursor":%})", text_at(page, "next_cursor"))));
  REQUIRE(rest.at("items").as_array().size() == 1);
  CHECK(rest.at("next_cursor").is_null());

  const std::string of_alice = json_of(R"({"user_id":%})", alice.text());
  CHECK(outcome(world.run_as<ListSessions>(bob, of_alice)) == "permission_denied");
  permit(world, bob, "read:session");
  CHECK(must(world.run_as<ListSessions>(bob, of_alice)).at("items").as_array().size() == 3);
  CHECK(must(world.run<ListSessions>(of_alice)).at("items").as_array().size() == 3);
  CHECK(must(world.run<ListSessions>()).at("items").as_array().size() == 4);
  Call other = as_session(logins[0]);
  CHECK(fields_of(world.run<ListSessions>(other, R"({"cursor":"eA"})")) == "cursor");
}

TEST_CASE("Logging out ends this session, one session or all of them, at once and for good") {
  World world;
  sign_up(world, "alice");
  sign_up(world, "eve");
  const LoggedIn first = log_in(world, "alice");
  const LoggedIn second = log_in(world, "alice");
  const LoggedIn third = log_in(world, "alice");
  const LoggedIn fourth = log_in(world, "alice");
  const LoggedIn eve = log_in(world, "eve");

  Call one = as_session(first);
  CHECK(flag_at(must(world.run<EndCurrentSession>(one)), "changed"));
  CHECK_FALSE(flag_at(must(world.run<EndCurrentSession>(one)), "changed"));
  CHECK(token_state(world, first.access_token) == "token_revoked");
  CHECK(token_state(world, second.access_token) == "ok");

  const std::string about_third = json_of(R"({"id":%})", third.session.text());
  Call stranger = as_session(eve);
  CHECK(outcome(world.run<EndSession>(stranger, about_third)) == "permission_denied");
  Call two = as_session(second);
  CHECK(flag_at(must(world.run<EndSession>(two, about_third)), "changed"));
  CHECK_FALSE(flag_at(must(world.run<EndSession>(two, about_third)), "changed"));
  CHECK(outcome(try_refresh(world, third.refresh_token)) == "token_revoked");

  const auto all = must(world.run<EndSessions>(two));
  CHECK(number_at(all, "sessions") == 2);
  CHECK_FALSE(flag_at(must(world.run<EndSessions>(two)), "changed"));
  CHECK(token_state(world, fourth.access_token) == "token_revoked");
  CHECK(outcome(try_refresh(world, fourth.refresh_token)) == "token_revoked");

  CHECK(fields_of(world.run<EndSessions>()) == "user_id");
  CHECK(outcome(world.run<EndSessions>(stranger, json_of(R"({"user_id":%})", first.user.text()))) ==
        "permission_denied");
  CHECK(number_at(must(world.run<EndSessions>(json_of(R"({"user_id":%})", eve.user.text()))), "sessions") ==
        1);
  CHECK(outcome(world.run<EndCurrentSession>()) == "invalid_argument");
  Call nobody = anonymous();
  CHECK(outcome(world.run<ListSessions>(nobody)) == "unauthenticated");
}

TEST_CASE("Two logins that renew one hash at the same time both succeed") {
  World world;
  const auto argon = crypto::Argon2Hasher::create({.memory_kib = 4096, .iterations = 2, .parallelism = 1});
  REQUIRE(argon);
  const std::string old_hash((*argon)->hash(Secret(std::string(good_password)))->reveal());
  must(world.run<ImportUsers>(json_of(R"({"items":[{"username":"alice","password_hash":%}]})", old_hash)));
  std::atomic<int> successes{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { successes += try_log_in(world, "alice") ? 1 : 0; });
  for (std::thread& each : threads) each.join();
  CHECK(successes == 4);
}

}  // namespace muster::ops::testing
