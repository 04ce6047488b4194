// SPDX-License-Identifier: Apache-2.0
#include "daemon/harness.hpp"
#include "ops/access_samples.hpp"
#include "support/redis_server.hpp"

#include <atomic>
#include <functional>
#include <thread>

namespace muster::daemon {
namespace {

using http::Method;
using testing::contains;
using testing::header;
using testing::Running;

test::DaemonOptions with_redis(const test::RedisServer& redis, const std::string& memory_ttl) {
  return testing::options_with(
      {{"MUSTER_REDIS_URL", "redis://" + redis.address() + "/0?command_timeout=100ms&connect_timeout=100ms"},
       {"MUSTER_CACHE_MEMORY_TTL", memory_ttl}});
}

http::Response get_with(const std::string& server, const std::string& target, const std::string& token,
                        const std::string& name, const std::string& value) {
  http::Client client({server, std::chrono::seconds(30), {}});
  http::Headers headers;
  headers.add("Authorization", "Bearer " + token);
  headers.add(name, value);
  auto response = client.send(Method::get, target, headers, {});
  REQUIRE(response);
  return std::move(*response);
}

TEST_CASE("who is looked for by a name that nobody has is told so from memory, and found once it is taken") {
  Running run;
  const auto stats = [&] { return run.admin(Method::get, "/v1/admin/cache"); };
  const auto count = [&](const std::string& filter) {
    return run.admin(Method::get, "/v1/users?" + filter).data.at("items").as_array().size();
  };
  const auto told = [&] { return wire::to_text(stats().data.at("filter_names_answers")); };
  REQUIRE(test::eventually([&] { return stats().text("filter") == "ok"; }));
  CHECK(told() == "0");
  CHECK(count("username=paula") + count("email=paula@example.org") + count("phone=%2B49301234567") == 0);
  CHECK(told() == "3");
  const auto user = run.log_in("Paula");
  CHECK(count("username=paula") == 1);
  const std::string path = "/v1/users/" + user.user;
  REQUIRE(run.admin(Method::patch, path, R"({"email":"paula@example.org","phone":"+49301234567"})").ok());
  CHECK(count("email=paula@example.org") == 1);
  CHECK(count("phone=%2B49301234567") == 1);
  CHECK(count("username=paula&email=other@example.org") == 0);
  CHECK(told() == "4");
  const auto imported = run.admin(Method::post, "/v1/admin/users/import",
                                  R"({"items":[{"username":"Quentin","email":"quentin@example.org"}]})");
  INFO(imported.message);
  REQUIRE(imported.ok());
  CHECK(count("username=quentin") == 1);
  CHECK(count("email=quentin@example.org") == 1);
}

TEST_CASE("a user that is cached is shown as one from the store is, and never after it changed") {
  Running run;
  const auto user = run.log_in("hugo");
  const std::string path = "/v1/users/" + user.user;
  const auto first = run.get(path, user.token);
  const auto again = run.get("/v1/users/me", user.token);
  REQUIRE(first.ok());
  CHECK(again.body == first.body);
  CHECK(header(again, "ETag") == header(first, "ETag"));
  CHECK(header(again, "Cache-Control") == "no-store");
  CHECK(get_with(run.daemon.url(), path, user.token, "If-None-Match", header(first, "ETag")).status == 304);
  const auto changed = run.admin(Method::patch, path, R"({"display_name":"Hugo"})");
  REQUIRE(changed.ok());
  CHECK(run.get(path, user.token).text("display_name") == "Hugo");
  CHECK(get_with(run.daemon.url(), path, user.token, "If-None-Match", header(first, "ETag")).status == 200);
  const auto known =
      get_with(run.daemon.url(), path, user.token, "X-Muster-At-Least", changed.text("version"));
  CHECK(contains(known.body, "\"Hugo\""));
  CHECK(run.admin(Method::get, "/v1/users/12345").status == 404);
  CHECK(run.admin(Method::get, "/v1/users/12345").status == 404);
  REQUIRE(run.admin(Method::del, path).ok());
  CHECK(run.admin(Method::get, path).status == 404);
  const auto stats = run.admin(Method::get, "/v1/admin/cache");
  CHECK(stats.text("redis") == "off");
  CHECK(stats.text("in_use") == "true");
  CHECK(stats.text("loads_saved") != "0");
}

TEST_CASE("whatever happens to Redis, every request for a user is served, and right") {
  test::RedisServer redis({"--save", ""});
  Running run(with_redis(redis, "20ms"));
  const auto user = run.log_in("hugo");
  const std::string path = "/v1/users/" + user.user;
  std::atomic<int> served{0};
  std::atomic<int> wrong{0};
  std::atomic<bool> is_over{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      test::Api api(run.daemon.url());
      while (!is_over) {
        const auto answer = api.call(Method::get, path, {}, user.token);
        ++(answer.status == 200 && answer.text("username") == "hugo" ? served : wrong);
      }
    });
  const auto change = [&](int number) {
    const std::string name = "Hugo " + std::to_string(number);
    REQUIRE(run.admin(Method::patch, path, R"({"display_name":")" + name + R"("})").ok());
    CHECK(run.get(path, user.token).text("display_name") == name);
  };
  const auto wait = [] { std::this_thread::sleep_for(std::chrono::milliseconds(100)); };
  int number = 0;
  const auto live = [&] {
    for (int i = 0; i < 5; ++i, wait()) change(++number);
  };
  live();
  redis.say({"FLUSHALL"});
  live();
  redis.freeze();
  live();
  redis.thaw();
  live();
  redis.kill();
  live();
  CHECK(run.get("/readyz").ok());
  redis.start();
  live();
  is_over = true;
  for (std::thread& each : clients) each.join();
  CHECK(served > 100);
  CHECK(wrong == 0);
  const auto audit = run.admin(Method::get, "/v1/admin/cache/audit");
  CHECK(audit.text("inconsistent") == "0");
}

TEST_CASE("who is answered from Redis is as much checked as anybody") {
  const test::RedisServer redis;
  Running run(with_redis(redis, "20ms"));
  const auto boss = run.log_in("boss");
  const auto hugo = run.log_in("hugo");
  const std::string path = "/v1/users/" + hugo.user;
  REQUIRE(run.admin(Method::post, "/v1/roles", R"({"name":"reader","permissions":["read:user"]})").ok());
  REQUIRE(run.admin(Method::put, "/v1/users/" + boss.user + "/roles/reader").ok());
  const auto answered_by_redis = [&] {
    const auto lines = run.admin(Method::get, "/v1/admin/cache").data.at("lines").as_array();
    for (const auto& line : lines)
      if (line.at("level") == "redis" && line.at("kind") == "user")
        return line.at("answered").to_number<int>();
    return -1;
  };
  /// What is said when memory has nothing, and Redis has it.
  const auto ask = [&](const std::string& token) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return run.get(path, token);
  };
  const std::string body = ask(boss.token).body;
  const int before = answered_by_redis();
  for (int i = 0; i < 5; ++i) {
    const auto answer = ask(boss.token);
    CHECK(answer.status == 200);
    CHECK(answer.body == body);
    CHECK(header(answer, "ETag") == '"' + answer.text("version") + '"');
  }
  CHECK(answered_by_redis() - before >= 4);
  const std::string metrics = run.get("/metrics").message;
  CHECK(contains(metrics, "\nmuster_redis_questions_waiting 0\n"));
  CHECK(contains(metrics, "\nmuster_redis_questions_refused_total 0\n"));
  CHECK(contains(metrics, "\nmuster_redis_journey_seconds_bucket{le=\"+Inf\"} "));
  CHECK_FALSE(contains(metrics, "\nmuster_redis_journey_seconds_count 0\n"));
  REQUIRE(run.admin(Method::del, "/v1/users/" + boss.user + "/roles/reader").ok());
  CHECK(ask(boss.token).status == 403);
  CHECK(ask(hugo.token).status == 200);
  REQUIRE(run.admin(Method::post, "/v1/admin/revocations", R"({"user_id":")" + hugo.user + R"("})").ok());
  CHECK(ask(hugo.token).status == 401);
}

TEST_CASE(
    "a daemon that reads users into its cache at its start is not ready before, and serves all the same") {
  // Without the filter, each id of nobody takes a look at the store.
  Running run(testing::options_with({{"MUSTER_CACHE_WARM_AT_START", "4s"}, {"MUSTER_CACHE_FILTER", "0"}}));
  // Nobody was asked for yet.
  CHECK(run.get("/readyz").ok());
  const auto user = run.log_in("hugo");
  REQUIRE(run.daemon.stop() == 0);
  // So many that it takes longer than it may.
  ops::AccessSamples samples;
  for (std::int64_t id = 1; id <= 30'000; ++id) samples.note(UserId{id});
  REQUIRE(samples.save(run.daemon.folder() + "/accesses"));
  REQUIRE(run.daemon.start());
  test::Api api(run.daemon.url());
  const auto refused = api.call(Method::get, "/readyz");
  CHECK(refused.status == 503);
  CHECK(contains(refused.message, "cache ("));
  CHECK(contains(refused.message, "cache.warm_at_start"));
  CHECK(api.call(Method::get, "/healthz").ok());
  CHECK(api.call(Method::get, "/v1/users/me", {}, user.token).text("username") == "hugo");
  CHECK(test::eventually([&] { return api.call(Method::get, "/readyz").ok(); }));
}

TEST_CASE("cache flush tells what it would do, does it, and is in the audit log") {
  const test::RedisServer redis;
  Running run(with_redis(redis, "1m"));
  const auto user = run.log_in("hugo");
  CHECK(run.get("/v1/users/me", user.token).ok());
  const auto plan = run.admin(Method::del, "/v1/admin/cache?dry_run=true");
  CHECK(plan.text("changes") == "2");
  const auto flushed = run.admin(Method::del, "/v1/admin/cache?plan_hash=" + plan.text("plan_hash"));
  CHECK(flushed.text("memory_entries") == "1");
  CHECK(flushed.text("redis_entries") == "1");
  CHECK(run.admin(Method::get, "/v1/admin/cache").text("memory_entries") == "0");
  CHECK(contains(run.admin(Method::get, "/v1/admin/audit?limit=1000").body, "\"flush_cache\""));
  CHECK(run.get("/v1/admin/cache", user.token).status == 403);
}

}  // namespace
}  // namespace muster::daemon
