// SPDX-License-Identifier: Apache-2.0
// Three daemons that keep users in memory, and perhaps in one Redis: what one of them changes is soon what
// the others show, with users in one database or in several.
#include "nodes/fleet.hpp"
#include "support/redis_server.hpp"

#include <boost/json.hpp>

namespace muster::test {
namespace {

using http::Method;

constexpr const char* timeouts = "statement_timeout=2s&connect_timeout=1s";

std::string number(const Outcome& outcome, const char* member) {
  return wire::to_text(outcome.data.at(member));
}

template <class Condition>
bool everywhere(Fleet& fleet, const Condition& condition) {
  return eventually(
      [&] {
        for (std::size_t i = 0; i < fleet.size(); ++i)
          if (!condition(i)) return false;
        return true;
      },
      std::chrono::seconds(10));
}

}  // namespace

TEST_CASE("what one daemon changes of a user is soon what the others show") {
  const bool has_redis = GENERATE(false, true);
  const int shards = GENERATE(0, 2);
  INFO((has_redis ? "with Redis, " : "without Redis, ") << shards << " shards");
  MysqlServer& server = shared_server(ServerKind::mariadb);
  std::optional<RedisServer> redis;
  Environment settings;
  if (has_redis) {
    redis.emplace();
    settings.emplace_back("MUSTER_REDIS_URL", "redis://127.0.0.1:" + std::to_string(redis->port()));
  }
  std::string addresses;
  for (int i = 0; i < shards; ++i)
    addresses += (i == 0 ? "" : ",") + server.dsn(server.create_database(), timeouts);
  if (shards > 0) settings.emplace_back("MUSTER_STORE_SHARDS", addresses);
  Fleet fleet(server.dsn(server.create_database(), timeouts), 3, settings);
  const auto shown = [&](std::size_t i, const std::string& user) {
    return fleet.admin(i, Method::get, "/v1/users/" + user);
  };
  for (int round = 0; round < 4; ++round) {
    const std::string user = fleet.register_user(0, "user" + std::to_string(round));
    CHECK(shown(0, user).ok());
    CHECK(everywhere(fleet, [&](std::size_t i) { return shown(i, user).ok(); }));
    const std::string name = "Name " + std::to_string(round);
    REQUIRE(fleet.admin(1, Method::patch, "/v1/users/" + user, R"({"display_name":")" + name + "\"}").ok());
    CHECK(shown(1, user).text("display_name") == name);
    CHECK(everywhere(fleet, [&](std::size_t i) { return shown(i, user).text("display_name") == name; }));
    REQUIRE(fleet.admin(2, Method::del, "/v1/users/" + user).ok());
    CHECK(shown(2, user).name == "not_found");
    CHECK(everywhere(fleet, [&](std::size_t i) { return shown(i, user).name == "not_found"; }));
  }
  const std::string last = fleet.register_user(2, "last");
  const auto stats = [&](std::size_t i) { return fleet.admin(i, Method::get, "/v1/admin/cache"); };
  // What was read before the news of it came is dropped by them, and kept when it is read again.
  CHECK(everywhere(fleet, [&](std::size_t i) {
    return shown(i, last).ok() && number(stats(i), "memory_entries") != "0";
  }));
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    CHECK(stats(i).text("in_use") == "true");
    CHECK(number(stats(i), "inconsistent") == "0");
  }
  REQUIRE(fleet.admin(0, Method::del, "/v1/admin/cache").ok());
  CHECK(everywhere(fleet, [&](std::size_t i) { return number(stats(i), "memory_entries") == "0"; }));
}

TEST_CASE(
    "the filter tells made-up ids over shards, and finds whom a daemon created that is killed at once") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  const std::string addresses =
      server.dsn(server.create_database(), timeouts) + "," + server.dsn(server.create_database(), timeouts);
  Fleet fleet(server.dsn(server.create_database(), timeouts), 2, {{"MUSTER_STORE_SHARDS", addresses}});
  const auto stats = [&] { return fleet.admin(1, Method::get, "/v1/admin/cache"); };
  REQUIRE(eventually([&] { return stats().text("filter") == "ok"; }));
  const auto is_shown = [&](const std::string& user) {
    return fleet.admin(1, Method::get, "/v1/users/" + user).ok();
  };
  const std::int64_t loads = std::stoll(number(stats(), "store_loads"));
  constexpr int made_up = 4000;
  int shown = 0;
  for (int i = 1; i <= made_up; ++i) shown += is_shown(std::to_string(i)) ? 1 : 0;
  CHECK(shown == 0);
  CHECK(std::stoll(number(stats(), "store_loads")) - loads <= made_up * 15 / 1000);
  // It looks once what it knows is old enough, which all of them may have come before.
  CHECK(eventually([&] { return !is_shown("1") && number(stats(), "filter_looks") != "0"; }));
  for (int round = 0; round < 3; ++round) {
    const std::string user = fleet.register_user(0, "user" + std::to_string(round));
    // Perhaps before it has told anybody.
    fleet[0].daemon->kill();
    CHECK(eventually([&] { return is_shown(user); }, std::chrono::seconds(10)));
    fleet.start(0);
  }
}

TEST_CASE("what a daemon changed that is killed at once is soon what the others show and decide by") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  std::string addresses =
      server.dsn(server.create_database(), timeouts) + "," + server.dsn(server.create_database(), timeouts);
  Fleet fleet(server.dsn(server.create_database(), timeouts), 3, {{"MUSTER_STORE_SHARDS", addresses}});
  REQUIRE(fleet.admin(0, Method::post, "/v1/roles", R"({"name":"cook","permissions":["cook:soup"]})").ok());
  for (int round = 0; round < 3; ++round) {
    const std::string user = fleet.register_user(0, "cook" + std::to_string(round));
    const auto allowed = [&](std::size_t i) {
      return fleet
          .admin(i, Method::post, "/v1/authz/check",
                 R"({"user_id":")" + user + R"(","permission":"cook:soup"})")
          .text("allowed");
    };
    CHECK(everywhere(fleet, [&](std::size_t i) { return allowed(i) == "false"; }));
    REQUIRE(fleet.admin(0, Method::put, "/v1/users/" + user + "/roles/cook").ok());
    // Perhaps before it has told anybody.
    fleet[0].daemon->kill();
    for (const std::size_t i : {1U, 2U})
      CHECK(eventually([&] { return allowed(i) == "true"; }, std::chrono::seconds(10)));
    fleet.start(0);
    CHECK(allowed(0) == "true");
  }
}

}  // namespace muster::test
