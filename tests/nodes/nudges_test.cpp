// SPDX-License-Identifier: Apache-2.0
// Daemons that tell each other through Redis to look at the store: what one revoked the others know sooner
// than they would have looked, and without Redis as soon as they look.
#include "adapters/redis/client.hpp"
#include "nodes/fleet.hpp"
#include "support/redis_server.hpp"

#include <sstream>
#include <thread>

namespace muster::test {
namespace {

using http::Method;
using Clock = std::chrono::steady_clock;

/// Of looks that nobody has asked for.
constexpr std::chrono::seconds looking_interval{1};

Environment seldom_looking(const std::string& redis) {
  return {{"MUSTER_REDIS_URL", redis},
          {"MUSTER_FEED_POLL_INTERVAL", "1s"},
          {"MUSTER_REVOCATION_MAX_STALENESS", "20s"},
          {"MUSTER_SESSION_PER_USER", "1000"}};
}

std::string url_with_patience(const RedisServer& redis) {
  return "redis://" + redis.address() + "/0?command_timeout=1s&connect_timeout=1s";
}

double metric(Fleet& fleet, std::size_t index, const std::string& name) {
  std::istringstream lines(fleet.get(index, "/metrics").body);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + " ")) return std::stod(line.substr(name.size()));
  return -1;
}

bool is_heard_everywhere(Fleet& fleet) {
  return eventually([&] {
    for (std::size_t i = 0; i < fleet.size(); ++i)
      if (metric(fleet, i, "muster_nudges_heard") != 1) return false;
    return true;
  });
}

/// Each round needs a look that began in it. By their interval alone there are few enough of them.
template <class Round>
bool are_sooner_than_looks(const Round& round) {
  constexpr int rounds_max = 20;
  const auto began = Clock::now();
  for (int rounds = 1; rounds <= rounds_max; ++rounds) {
    round();
    const auto looks = (Clock::now() - began) / looking_interval + 1;
    if (rounds > looks + 4) return true;
  }
  return false;
}

Outcome revoke_session(Fleet& fleet, std::size_t index, const std::string& session, bool wait) {
  return fleet.admin(index, Method::post, "/v1/admin/revocations",
                     R"({"session_id":")" + session + R"(","wait":)" + (wait ? "true}" : "false}"));
}

}  // namespace

TEST_CASE("through Redis a revocation is known elsewhere before the next look, without it by that look") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  const int shards = GENERATE(0, 2);
  INFO(shards << " shards");
  RedisServer redis;
  Environment settings = seldom_looking(url_with_patience(redis));
  std::string addresses;
  for (int i = 0; i < shards; ++i)
    addresses += (i == 0 ? "" : ",") + server.dsn(server.create_database(), fleet_timeouts);
  if (shards > 0) settings.emplace_back("MUSTER_STORE_SHARDS", addresses);
  Fleet fleet(server.dsn(server.create_database(), fleet_timeouts), 2, settings);
  fleet.register_user(0, "kim");
  REQUIRE(is_heard_everywhere(fleet));
  const auto revoke_here_known_there = [&] {
    const auto login = fleet.log_in(0, "kim");
    REQUIRE(fleet.soon(1, login.token, "ok"));
    REQUIRE(revoke_session(fleet, 0, login.session, false).ok());
    REQUIRE(fleet.soon(1, login.token, "token_revoked"));
  };
  CHECK(are_sooner_than_looks(revoke_here_known_there));
  CHECK(metric(fleet, 0, "muster_nudges_sent_total") > 0);
  CHECK(metric(fleet, 1, "muster_nudges_received_total") > 0);
  CHECK(metric(fleet, 0, "muster_nudges_received_total") == 0);
  // What is recorded goes into the chain behind the change of the user, and is told of then.
  const std::string user = fleet.register_user(0, "lee");
  int number = 0;
  CHECK(are_sooner_than_looks([&] {
    const std::string status = ++number % 2 == 0 ? "active" : "disabled";
    REQUIRE(fleet.admin(0, Method::patch, "/v1/users/" + user, R"({"status":")" + status + "\"}").ok());
    REQUIRE(eventually(
        [&] { return fleet.admin(1, Method::get, "/v1/users/" + user).text("status") == status; }));
  }));
  redis.kill();
  for (int i = 0; i < 2; ++i) revoke_here_known_there();
  CHECK(metric(fleet, 0, "muster_nudges_failed_total") > 0);
  redis.start();
  REQUIRE(is_heard_everywhere(fleet));
  CHECK(are_sooner_than_looks(revoke_here_known_there));
}

TEST_CASE(
    "a wait for all daemons ends as soon as Redis has told them, and without it when they have looked") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  RedisServer redis;
  Fleet fleet(server.dsn(server.create_database(), fleet_timeouts), 3,
              seldom_looking(url_with_patience(redis)));
  fleet.register_user(0, "kim");
  REQUIRE(is_heard_everywhere(fleet));
  const auto revoke_everywhere = [&] {
    const auto login = fleet.log_in(0, "kim");
    const auto revoked = revoke_session(fleet, 0, login.session, true);
    for (std::size_t i = 0; i < fleet.size(); ++i) REQUIRE(fleet.verify(i, login.token) == "token_revoked");
    REQUIRE(revoked.ok());
    REQUIRE(revoked.text("nodes") == "3");
  };
  CHECK(are_sooner_than_looks(revoke_everywhere));
  redis.freeze();
  revoke_everywhere();
  redis.thaw();
  redis.kill();
  revoke_everywhere();
}

TEST_CASE("however often a daemon is told to look, it rests between its looks") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  const RedisServer redis;
  Fleet fleet(server.dsn(server.create_database(), fleet_timeouts), 1,
              seldom_looking(url_with_patience(redis)));
  REQUIRE(is_heard_everywhere(fleet));
  std::string channel = redis.say({"PUBSUB", "CHANNELS", "muster:*:nudge"});
  while (!channel.empty() && channel.back() == '\n') channel.pop_back();
  const auto url = redis::Url::parse("redis://" + redis.address());
  REQUIRE(url);
  redis::Client client(*url);
  const std::vector<redis::Command> nudges(100, {channel, {"PUBLISH", channel, "flood"}});
  const auto began = Clock::now();
  const double looks = metric(fleet, 0, "muster_feed_polls_total");
  constexpr double told = 20'000;
  const bool arrived = eventually([&] {
    for (const auto& each : client.run_all(nudges)) REQUIRE(each);
    return metric(fleet, 0, "muster_nudges_received_total") >= told;
  });
  CHECK(arrived);
  const double looked = metric(fleet, 0, "muster_feed_polls_total") - looks;
  const auto took = Clock::now() - began;
  CHECK(looked > std::chrono::duration<double>(took) / looking_interval + 2);
  CHECK(looked < std::chrono::duration<double>(took) / std::chrono::milliseconds(5) + 2);
}

}  // namespace muster::test
