// SPDX-License-Identifier: Apache-2.0
// Three daemons that share a cluster of Redis, or a primary that sentinels watch over, while these lose their
// memory, their primaries and their connections, and while the daemons themselves are killed: every promise
// holds, and what is refused is little.
#include "nodes/storm.hpp"
#include "support/redis_server.hpp"

namespace muster::test {
namespace {

/// What requests may be told while only Redis is in trouble: that the store is asked by too many at once, or
/// that this daemon has not looked at it lately. Where the machine is quick none are; this is for slow ones.
constexpr std::int64_t refused_percent_max = 2;
constexpr std::int64_t refused_max = 20;

/// With a short time in memory Redis is asked all the time; with a long one nothing hides what is out of
/// date.
Environment cached_in(const std::string& redis, const char* memory_ttl) {
  return {{"MUSTER_REDIS_URL", redis + "?connect_timeout=300ms&command_timeout=200ms"},
          {"MUSTER_CACHE_MEMORY_TTL", memory_ttl},
          {"MUSTER_REVOCATION_MAX_STALENESS", std::to_string(Storm::bound.count()) + "ms"},
          {"MUSTER_SESSION_PER_USER", "1000"}};
}

/// Under a storm that goes on for a while with what has happened.
void endure(Storm& storm, const char* what) {
  CAPTURE(what);
  CHECK(storm.goes_on());
  const Storm::Counts counts = storm.take_counts();
  INFO(counts.text());
  CHECK(counts.failures() <= refused_max + counts.answered * refused_percent_max / 100);
  for (const auto& [name, count] : counts.failed) {
    INFO(name);
    CHECK((name == "overloaded" || name == "unavailable"));
  }
}

/// Between the first death and the last start anything may fail; not once all serve again.
void endure_restart_of_all(Fleet& fleet, Storm& storm) {
  fleet.kill_all();
  fleet.start_all();
  storm.find_daemons();
  for (std::size_t i = 0; i < fleet.size(); ++i)
    CHECK(eventually([&] { return fleet.get(i, "/readyz").ok(); }));
  CHECK(storm.goes_on());
  const Storm::Counts counts = storm.take_counts();
  INFO(counts.text());
  for (const auto& [name, count] : counts.failed) {
    INFO(name);
    CHECK((name == "unreachable" || name == "overloaded" || name == "unavailable"));
  }
  endure(storm, "all daemons were killed and started");
}

void check_promises(Fleet& fleet, Storm& storm) {
  storm.stop();
  for (const std::string& each : storm.broken_promises()) UNSCOPED_INFO(each);
  CHECK(storm.broken_promises().empty());
  CHECK(storm.events() > 1000);
  CHECK(storm.revoked() > 20);
  CHECK(storm.taken_away() > 4);
  for (std::size_t i = 0; i < fleet.size(); ++i)
    CHECK(fleet.admin(i, http::Method::get, "/v1/admin/cache/audit").text("inconsistent") == "0");
}

bool is_whole(const RedisCluster& cluster) {
  return eventually(
      [&] {
        return cluster.nodes.front()->say({"cluster", "info"}).find("cluster_state:ok") != std::string::npos;
      },
      std::chrono::seconds(60));
}

}  // namespace

TEST_CASE("daemons over a cluster of Redis keep every promise through its failures and their own") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  RedisCluster cluster;
  Fleet fleet(server.dsn(server.create_database(), fleet_timeouts), 3, cached_in(cluster.url(), "50ms"));
  Storm storm(fleet);
  endure(storm, "nothing has happened");
  for (const auto& each : cluster.nodes) each->say({"FLUSHALL"});
  endure(storm, "what it had is gone");
  // Not the node that is asked how the cluster is.
  cluster.nodes[1]->kill();
  endure(storm, "a primary is lost");
  CHECK(is_whole(cluster));
  cluster.nodes[1]->start();
  cluster.nodes[2]->freeze();
  endure(storm, "a primary is cut off");
  CHECK(is_whole(cluster));
  cluster.nodes[2]->thaw();
  endure(storm, "it is back, and a replica");
  for (const auto& each : cluster.nodes) each->freeze();
  endure(storm, "all of it is cut off");
  endure_restart_of_all(fleet, storm);
  for (const auto& each : cluster.nodes) each->thaw();
  CHECK(is_whole(cluster));
  endure(storm, "all of it is back");
  check_promises(fleet, storm);
}

TEST_CASE("daemons over a primary with sentinels keep every promise through its failures and their own") {
  MysqlServer& server = shared_server(ServerKind::mariadb);
  RedisSentinels redis;
  Fleet fleet(server.dsn(server.create_database(), fleet_timeouts), 3, cached_in(redis.url(), "1m"));
  Storm storm(fleet);
  endure(storm, "nothing has happened");
  RedisServer& first = redis.primary();
  first.kill();
  endure(storm, "the primary is lost");
  CHECK(eventually([&] { return redis.primary().port() != first.port(); }, std::chrono::seconds(60)));
  first.start();
  endure_restart_of_all(fleet, storm);
  redis.primary().say({"FLUSHALL"});
  endure(storm, "what it had is gone");
  // It still thinks that it is the primary when it goes on.
  RedisServer& second = redis.primary();
  second.freeze();
  endure(storm, "the primary is cut off");
  second.thaw();
  endure(storm, "it is back, and a replica");
  for (const auto& each : redis.servers) each->freeze();
  for (const auto& each : redis.sentinels) each->freeze();
  endure(storm, "all of it is cut off");
  for (const auto& each : redis.servers) each->thaw();
  for (const auto& each : redis.sentinels) each->thaw();
  endure(storm, "all of it is back");
  check_promises(fleet, storm);
}

}  // namespace muster::test
