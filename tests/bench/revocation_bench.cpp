// SPDX-License-Identifier: Apache-2.0
// How soon a token that one of three daemons revoked is refused by all, under token checks on all of them:
// what the daemons' own histograms say, and whether any accepted one after a wait for all had returned. By
// looking at the store alone, and where Redis tells them to look.
#include "nodes/fleet.hpp"
#include "support/redis_server.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <sstream>
#include <thread>

#include <boost/json.hpp>

namespace muster::test {
namespace {

using http::Method;
using Clock = std::chrono::steady_clock;

constexpr int checks_per_second = 5000;
constexpr int revocations = 300;
constexpr std::size_t threads_per_daemon = 2;

/// Checks a token again and again, as often as it is to.
void check_paced(const std::string& url, const std::string& token, std::chrono::nanoseconds pause,
                 const std::atomic<bool>& stop, std::atomic<std::int64_t>& answered) {
  Api api(url);
  for (auto next = Clock::now(); !stop; next += pause) {
    std::this_thread::sleep_until(next);
    if (api.call(Method::get, "/v1/auth/verify", {}, token).ok()) ++answered;
  }
}

/// Upper bounds in seconds with how many are at or below, of all daemons together.
std::map<double, double> lags(Fleet& fleet) {
  std::map<double, double> sum;
  const std::string name = "muster_revocation_lag_seconds_bucket{le=\"";
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    std::istringstream lines(fleet.get(i, "/metrics").body);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with(name)) continue;
      const std::string bound = line.substr(name.size(), line.find('"', name.size()) - name.size());
      sum[bound == "+Inf" ? 1e9 : std::stod(bound)] += std::stod(line.substr(line.rfind(' ')));
    }
  }
  return sum;
}

double at_share(const std::map<double, double>& buckets, double share) {
  const double all = buckets.rbegin()->second;
  for (const auto& [bound, count] : buckets)
    if (count >= share * all) return bound;
  return 1e9;
}

void measure(const RedisServer* redis) {
  MysqlServer server(ServerKind::mariadb);
  Environment settings{{"MUSTER_SESSION_PER_USER", "10000"}};
  if (redis != nullptr) settings.emplace_back("MUSTER_REDIS_URL", "redis://" + redis->address());
  Fleet fleet(server.dsn(server.create_database()), 3, settings);
  fleet.register_user(0, "load");
  fleet.register_user(0, "kim");
  const std::string load = fleet.log_in(0, "load").token;
  std::vector<Fleet::Login> logins;
  for (int i = 0; i < revocations; ++i) logins.push_back(fleet.log_in(0, "kim"));
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> answered{0};
  std::vector<std::thread> threads;
  const std::chrono::nanoseconds pause(1'000'000'000 * static_cast<std::int64_t>(3 * threads_per_daemon) /
                                       checks_per_second);
  for (std::size_t i = 0; i < 3 * threads_per_daemon; ++i)
    threads.emplace_back(
        [&, url = fleet[i % 3].daemon->url()] { check_paced(url, load, pause, stop, answered); });
  const auto began = Clock::now();
  int accepted = 0;
  std::vector<double> waits_ms;
  for (std::size_t i = 0; i < logins.size(); ++i) {
    for (std::size_t node = 0; node < 3; ++node) fleet.verify(node, logins[i].token);
    const auto revoked = fleet.admin(i % 3, Method::post, "/v1/admin/revocations",
                                     R"({"session_id":")" + logins[i].session + R"(","wait":true})");
    for (std::size_t node = 0; node < 3; ++node)
      accepted += fleet.verify(node, logins[i].token) == "ok" ? 1 : 0;
    if (revoked.ok()) waits_ms.push_back(std::stod(revoked.text("slowest_ms")));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  const auto buckets = lags(fleet);
  stop = true;
  for (std::thread& each : threads) each.join();
  const std::string with = redis != nullptr ? ", with Redis" : "";
  const auto print = [&](const std::string& name, double value, const char* kind, double limit,
                         const std::string& detail) {
    std::printf("%s\t%.1f\t%s\t%g\t%s\n", (name + with).c_str(), value, kind, limit, detail.c_str());
  };
  print("token checks answered a second, of 5,000 asked for", static_cast<double>(answered) / seconds, "min",
        0.9 * checks_per_second, "three daemons on one database");
  print("from revoked to in force on a daemon, p99, ms", 1000 * at_share(buckets, 0.99), "max", 50,
        std::to_string(static_cast<int>(buckets.rbegin()->second)) + " in their histograms");
  print("the same, half of them, ms", 1000 * at_share(buckets, 0.5), "max", 50, "");
  print("the same, the longest, ms", 1000 * at_share(buckets, 1), "max", 250, "");
  REQUIRE(waits_ms.size() == logins.size());
  std::sort(waits_ms.begin(), waits_ms.end());
  print("longest wait for all, ms", waits_ms.back(), "max", 250,
        std::to_string(waits_ms.size()) + " revocations, half of them within " +
            std::to_string(waits_ms[waits_ms.size() / 2]).substr(0, 5) + " ms");
  print("accepted after a wait had returned", accepted, "max", 0, "");
}

}  // namespace
}  // namespace muster::test

TEST_CASE("revocation over three daemons") {
  muster::test::measure(nullptr);
  const muster::test::RedisServer redis;
  muster::test::measure(&redis);
}
