// SPDX-License-Identifier: Apache-2.0
// A cluster of three nodes, each of which can be written to: one is lost under writes, others write the same
// rows, and of two daemons only one writes, whatever nodes they are on.
#include "adapters/mysql/driver.hpp"
#include "lib/adapters/mysql/database.hpp"
#include "support/galera_cluster.hpp"

#include <atomic>
#include <thread>
#include <vector>

namespace muster::mysql::test {
namespace {

using muster::test::GaleraCluster;

constexpr const char* deadlines = "connect_timeout=2s&statement_timeout=10s";

MysqlOptions options_at(const GaleraCluster& cluster, std::size_t first, const std::string& database) {
  return options_for(cluster.dsn(first, database, deadlines));
}

/// Threads that each put one fact after the other, and remember those that were acknowledged.
class Writing {
 public:
  Writing(ports::Store& store, int threads) : kept_(static_cast<std::size_t>(threads)) {
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this, &store, i] {
        for (int n = 0; !stop_; ++n) {
          const std::string key = "key-" + std::to_string(i) + "-" + std::to_string(n);
          if (!put(store, key, key)) continue;
          kept_[static_cast<std::size_t>(i)].push_back(key);
          ++total_;
        }
      });
  }
  bool goes_on(int more) {
    const int enough = total_ + more;
    return eventually([&] { return total_ >= enough; }, std::chrono::seconds(60));
  }
  std::vector<std::string> end() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    std::vector<std::string> all;
    for (const auto& keys : kept_) all.insert(all.end(), keys.begin(), keys.end());
    return all;
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> total_{0};
  std::vector<std::vector<std::string>> kept_;
  std::vector<std::thread> threads_;
};

/// A writer's connection that counts nothing by itself, as that of a daemon that is frozen.
struct FrozenDaemon {
  explicit FrozenDaemon(const MysqlOptions& options)
      : endpoint(options.dsn, Secret(), Writers::alone_in_cluster),
        connection(endpoint, ConnectionKind::writer) {}
  Endpoint endpoint;
  MysqlConnection connection;
};

}  // namespace

TEST_CASE("a node that is killed under writes: nothing acknowledged is lost, and writing goes on") {
  GaleraCluster cluster(3);
  const std::string database = cluster.node(0).create_database();
  const auto store = open_store(options_at(cluster, 0, database));
  Writing writing(*store, 4);
  bool all_well = writing.goes_on(200);
  cluster.node(0).kill();
  all_well = writing.goes_on(200) && all_well;
  const std::vector<std::string> kept = writing.end();
  CHECK(all_well);
  REQUIRE(kept.size() >= 400);
  for (const std::string& key : kept) {
    INFO(key);
    REQUIRE(get(*store, key) == key);
  }
  // The last node cannot know whether it is the only one: it takes nothing.
  cluster.node(1).kill();
  CHECK(eventually([&] { return !put(*store, "late", "1"); }));
  const Status refused = put(*store, "late", "2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
}

TEST_CASE("who writes the same on another node makes the unit run again") {
  GaleraCluster cluster(3);
  const std::string database = cluster.node(0).create_database();
  const auto store = open_store(options_at(cluster, 0, database));
  REQUIRE(put(*store, "a", "0"));
  int runs = 0;
  const Status status = store->write([&](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.meta().put("a", std::to_string(++runs)));
    if (runs == 1) cluster.node(1).execute("UPDATE meta SET value = 'other' WHERE name = 'a'", database);
    return {};
  });
  INFO((status ? "" : status.error().message + " / " + status.error().detail));
  CHECK(status);
  CHECK(runs == 2);
  CHECK(get(*store, "a") == "2");
  CHECK(store->counters().writes_run_again >= 1);
}

TEST_CASE("one daemon writes to a cluster, and a former one keeps nothing") {
  GaleraCluster cluster(3);
  const std::string database = cluster.node(0).create_database();
  {
    const auto store = open_store(options_at(cluster, 0, database));
    const Error refused = open_error(options_at(cluster, 1, database));
    CHECK(refused.message.find("the database is in use by another musterd") != std::string::npos);
    CHECK(put(*store, "a", "1"));
  }
  // Closing gives it back: the next one begins at once.
  Stopwatch stopwatch;
  open_store(options_at(cluster, 1, database)).reset();
  CHECK(stopwatch.elapsed() < WriterLease::patience);

  FrozenDaemon former(options_at(cluster, 0, database));
  REQUIRE(former.connection.begin());
  REQUIRE(former.connection.commit());
  REQUIRE(former.connection.begin());
  REQUIRE(former.connection.add_to_counter("users", 1000));
  const auto next = open_store(options_at(cluster, 1, database));
  CHECK(put(*next, "a", "2"));
  CHECK_FALSE(former.connection.commit());
  former.connection.rollback();
  const Status again = former.connection.begin();
  REQUIRE_FALSE(again);
  CHECK(again.error().message == "the database is in use by another musterd");
  CHECK(cluster.node(2).execute("SELECT value FROM counters WHERE name = 'users'", database) == "0\n");
  const Status kept = put(*next, "a", "3");
  INFO((kept ? "" : kept.error().message + " / " + kept.error().detail));
  CHECK(kept);
}

}  // namespace muster::mysql::test
