// SPDX-License-Identifier: Apache-2.0
#include "ops/login_throttle.hpp"

#include "lib/ops/accounts_fixture.hpp"
#include "ops/log_in.hpp"
#include "ops/passwords.hpp"
#include "ops/users.hpp"

#include <atomic>
#include <thread>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::ops::testing {
namespace {

constexpr std::string_view home = "192.0.2.10";
constexpr std::string_view wrong = "not-the-password";

Result<wire::Json> log_in_from(World& world, std::string_view source, std::string_view login,
                               std::string_view password = good_password) {
  Call call = anonymous();
  call.source = source;
  return world.run<LogIn>(call,
                          json_of(R"({"login":%,"password":%})", std::string(login), std::string(password)));
}

std::string address(int number) {
  return "203.0." + std::to_string(number / 200) + "." + std::to_string(number % 200 + 1);
}

void limit(World& world, std::size_t failures, std::size_t in_a_row, std::size_t per_address) {
  Settings settings = *world.context().settings();
  settings.login_failures_max = failures;
  settings.login_failures_in_a_row_max = in_a_row;
  settings.login_failures_per_address_max = per_address;
  world.change_settings(settings);
}

std::int64_t retry_after(const Result<wire::Json>& reply) {
  return reply || !reply.error().retry_after ? 0 : reply.error().retry_after->count();
}

}  // namespace

TEST_CASE("A stranger's wrong passwords lock nobody out at another address") {
  World world;
  limit(world, 3, 100, 0);
  sign_up(world, "alice");
  for (int i = 0; i < 3; ++i)
    CHECK(outcome(log_in_from(world, address(1), "alice", wrong)) == "unauthenticated");
  CHECK(outcome(log_in_from(world, address(1), "alice")) == "rate_limited");
  CHECK(outcome(log_in_from(world, home, "alice")) == "ok");
}

TEST_CASE("Username and email count for one account") {
  World world;
  limit(world, 4, 100, 0);
  const UserId user = sign_up(world, "alice");
  must(world.run<UpdateUser>(json_of(R"({"id":%,"email":"alice@example.org"})", user.text())));
  for (const char* login : {"alice", "ALICE@example.org", "Alice", "alice@example.org"})
    CHECK(outcome(log_in_from(world, home, login, wrong)) == "unauthenticated");
  CHECK(outcome(log_in_from(world, home, "alice")) == "rate_limited");
  CHECK(outcome(log_in_from(world, home, "alice@example.org")) == "rate_limited");
}

TEST_CASE("Many in a row from many addresses slow strangers, not who has a session there") {
  World world;
  limit(world, 3, 10, 0);
  sign_up(world, "alice");
  must(log_in_from(world, home, "alice"));
  for (const char* login : {"alice", "nobody"}) {
    for (int i = 0; i < 10; ++i)
      CHECK(outcome(log_in_from(world, address(i), login, wrong)) == "unauthenticated");
    const auto slowed = log_in_from(world, address(100), login, wrong);
    CHECK(outcome(slowed) == "rate_limited");
    CHECK(retry_after(slowed) == 30);
    world.clock.advance(std::chrono::seconds{30});
    CHECK(outcome(log_in_from(world, address(100), login, wrong)) == "unauthenticated");
    CHECK(retry_after(log_in_from(world, address(101), login)) == 60);
    CHECK(outcome(log_in_from(world, home, login)) == (login[0] == 'a' ? "ok" : "rate_limited"));
  }
  // The pause grows to an hour and no further.
  for (int i = 0; i < 10; ++i) {
    world.clock.advance(std::chrono::hours{1});
    CHECK(outcome(log_in_from(world, address(i), "alice", wrong)) == "unauthenticated");
  }
  CHECK(retry_after(log_in_from(world, address(50), "alice")) == 3600);
  // At home one is held to the count of home alone.
  for (int i = 0; i < 3; ++i) CHECK(outcome(log_in_from(world, home, "alice", wrong)) == "unauthenticated");
  CHECK(outcome(log_in_from(world, home, "alice")) == "rate_limited");
  world.clock.advance(std::chrono::minutes{5});
  CHECK(outcome(log_in_from(world, home, "alice")) == "ok");
}

TEST_CASE("Strangers in a known address's network are slowed too, and an operator's new password ends it") {
  World world;
  limit(world, 1000, 10, 0);
  const UserId user = sign_up(world, "alice");
  must(log_in_from(world, home, "alice"));
  for (int i = 0; i < 10; ++i) CHECK(outcome(log_in_from(world, home, "alice", wrong)) == "unauthenticated");
  CHECK(retry_after(log_in_from(world, home, "alice", wrong)) == 30);
  CHECK(retry_after(log_in_from(world, address(1), "alice")) == 30);
  constexpr std::string_view better = "granite-otter-82-willow";
  must(world.run<SetUserPassword>(json_of(R"({"id":%,"new_password":%})", user.text(), std::string(better))));
  CHECK(outcome(log_in_from(world, address(1), "alice", better)) == "ok");
}

TEST_CASE("One address may guess at many accounts only so often; who has a session there goes on") {
  World world;
  limit(world, 20, 100, 5);
  sign_up(world, "alice");
  sign_up(world, "bob");
  must(log_in_from(world, "2001:db8:1:2::7", "alice"));
  for (int i = 0; i < 5; ++i)
    CHECK(outcome(log_in_from(world, "2001:db8:1:2::" + std::to_string(i + 100), "name" + std::to_string(i),
                              wrong)) == "unauthenticated");
  CHECK(outcome(log_in_from(world, "2001:db8:1:2:ffff::1", "bob")) == "rate_limited");
  CHECK(outcome(log_in_from(world, "2001:db8:1:2::8", "alice")) == "ok");
  CHECK(outcome(log_in_from(world, "2001:db8:1:3::8", "bob")) == "ok");
  world.clock.advance(std::chrono::minutes{5});
  CHECK(outcome(log_in_from(world, "2001:db8:1:2:ffff::1", "bob")) == "ok");
}

TEST_CASE("Attempts at the same time do not slip past each other") {
  World world;
  limit(world, 3, 100, 0);
  sign_up(world, "alice");
  std::atomic<int> tried{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&] {
      if (outcome(log_in_from(world, home, "alice", wrong)) == "unauthenticated") ++tried;
    });
  for (std::thread& each : threads) each.join();
  CHECK(tried == 3);
}

TEST_CASE("An attempt counts from its begin, and is given back when it was right or came to nothing") {
  LoginThrottle throttle;
  Settings settings;
  settings.login_failures_max = 2;
  const Time now{std::chrono::hours{100}};
  const LoginThrottle::Attempt attempt{"user 1", "192.0.2.1"};
  const auto begin = [&] {
    return throttle.begin(attempt, LoginThrottle::Standing::stranger, settings, now);
  };
  CHECK_FALSE(begin());
  CHECK_FALSE(begin());
  CHECK(begin());
  throttle.withdraw(attempt);
  CHECK_FALSE(begin());
  CHECK(begin());
  throttle.succeeded(attempt);
  CHECK(throttle.size() == 0);
  CHECK_FALSE(begin());
}

TEST_CASE("The throttle's memory is bounded and keeps the account under attack") {
  LoginThrottle throttle(160);
  Settings settings;
  settings.login_failures_max = 3;
  const Time now{std::chrono::hours{100}};
  using Standing = LoginThrottle::Standing;
  const LoginThrottle::Attempt victim{"user 1", "192.0.2.1"};
  for (int i = 0; i < 3; ++i) CHECK_FALSE(throttle.begin(victim, Standing::stranger, settings, now));
  for (int i = 0; i < 5000; ++i)
    (void)throttle.begin({"name made-up" + std::to_string(i), address(i)}, Standing::stranger, settings, now);
  CHECK(throttle.size() <= 160);
  CHECK(throttle.begin(victim, Standing::stranger, settings, now));
  CHECK_FALSE(throttle.begin(victim, Standing::stranger, settings, now + settings.login_failure_window));
}

}  // namespace muster::ops::testing
