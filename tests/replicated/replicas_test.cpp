// SPDX-License-Identifier: Apache-2.0
// Reads that may be answered by replicas: those that are behind, silent or gone are not asked, and are asked
// again when they are well. Whoever has changed something sees it.
#include "lib/adapters/mysql/database.hpp"
#include "model/slot.hpp"
#include "ports/user_store.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace muster::mysql::test {
namespace {

using muster::test::replication_options;

const ports::Freshness recent{.recency = ports::Recency::recent};

/// A primary and two replicas, and a store over them.
struct Replicated {
  explicit Replicated(ServerKind kind, const std::string& parameters)
      : primary(kind, replication_options(kind, 1)),
        first(kind, replication_options(kind, 2)),
        second(kind, replication_options(kind, 3)) {
    for (MysqlServer* const replica : {&first, &second}) replica->replicate(primary);
    const auto host = [](const MysqlServer& server) { return "127.0.0.1:" + std::to_string(server.port()); };
    store = open_store(options_for(primary.dsn(
        primary.create_database(), "replicas=" + host(first) + "," + host(second) + "&" + parameters)));
  }

  std::optional<std::string> get_recent(const ports::Freshness& freshness = recent) const {
    std::optional<std::string> value;
    const Status status = store->read(freshness, [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(value, unit.meta().get("a"));
      return {};
    });
    INFO((status ? "" : status.error().message + " / " + status.error().detail));
    REQUIRE(status);
    return value;
  }
  /// Whether many reads all see it, and how many of them replicas answered.
  bool all_see(const std::string& value, std::uint64_t on_replicas) const {
    const std::uint64_t before = store->counters().reads_on_replicas;
    for (std::uint64_t i = 0; i < many; ++i)
      if (get_recent() != value) return false;
    return store->counters().reads_on_replicas - before == on_replicas;
  }

  static constexpr std::uint64_t many = 30;
  MysqlServer primary;
  MysqlServer first;
  MysqlServer second;
  std::unique_ptr<ports::Store> store;
};

void stop(const MysqlServer& replica) {
  replica.execute("STOP SLAVE");
}

void start(const MysqlServer& replica) {
  replica.execute("START SLAVE");
}

}  // namespace

TEST_CASE("a replica that no longer follows is not read from, and is again when it has caught up") {
  const auto kind = GENERATE(ServerKind::mariadb, ServerKind::mysql57);
  const Replicated all(kind, "replica_lag_max=1s");
  REQUIRE(put(*all.store, "a", "1"));
  CHECK(eventually([&] { return all.all_see("1", Replicated::many); }));

  stop(all.first);
  REQUIRE(put(*all.store, "a", "2"));
  // The one that is left answers all.
  CHECK(eventually([&] { return all.all_see("2", Replicated::many); }));
  stop(all.second);
  REQUIRE(put(*all.store, "a", "3"));
  CHECK(eventually([&] { return all.all_see("3", 0); }));
  start(all.first);
  CHECK(eventually([&] { return all.all_see("3", Replicated::many); }));
  REQUIRE(put(*all.store, "a", "4"));
  start(all.second);
  CHECK(eventually([&] { return all.all_see("4", Replicated::many); }));
  // Strict reads ask none.
  const std::uint64_t before = all.store->counters().reads_on_replicas;
  CHECK(get(*all.store, "a") == "4");
  CHECK(all.store->counters().reads_on_replicas == before);
}

TEST_CASE("a replica that was long behind when the daemon began is not read from") {
  const Replicated all(ServerKind::mariadb, "replica_lag_max=1s");
  REQUIRE(put(*all.store, "a", "1"));
  CHECK(eventually([&] { return all.all_see("1", Replicated::many); }));
  stop(all.first);
  REQUIRE(put(*all.store, "a", "2"));
  const std::string database = all.primary.execute("SHOW DATABASES LIKE 'muster%'");
  auto options = options_for(all.primary.dsn(database.substr(0, database.find('\n'))));
  options.dsn.replicas =
      options_for("mysql://u@h/d?replicas=127.0.0.1:" + std::to_string(all.first.port())).dsn.replicas;
  options.writers = Writers::several;
  const auto another = open_store(options);
  for (int i = 0; i < 100; ++i) {
    std::optional<std::string> value;
    REQUIRE(another->read(recent, [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(value, unit.meta().get("a"));
      return {};
    }));
    REQUIRE(value == "2");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(another->counters().reads_on_replicas == 0);
}

TEST_CASE("a frozen or killed replica holds nobody up") {
  // So long that whoever waits for it is found out.
  Replicated all(ServerKind::mariadb, "replica_lag_max=1s&statement_timeout=120s&connect_timeout=120s");
  constexpr std::chrono::seconds bound{60};
  REQUIRE(put(*all.store, "a", "1"));
  CHECK(eventually([&] { return all.all_see("1", Replicated::many); }));
  std::atomic<bool> stop_reading{false};
  std::atomic<std::int64_t> longest{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] {
      while (!stop_reading) {
        const Stopwatch stopwatch;
        const Status status = all.store->read(recent, [&](ports::Unit& unit) -> Status {
          MUSTER_CHECK_OK(unit.meta().get("a"));
          return {};
        });
        if (!status) ++failed;
        longest = std::max<std::int64_t>(longest, stopwatch.elapsed().count());
      }
    });
  all.first.freeze();
  all.second.kill();
  const bool on_primary = eventually([&] { return all.all_see("1", 0); });
  REQUIRE(put(*all.store, "a", "2"));
  const bool still_there = eventually([&] { return all.all_see("2", 0); });
  stop_reading = true;
  for (std::thread& reader : readers) reader.join();
  all.first.thaw();
  const bool thawed = eventually([&] { return all.all_see("2", Replicated::many); });
  all.second.start();
  stop(all.first);
  const bool started = eventually([&] { return all.all_see("2", Replicated::many); });
  CHECK(on_primary);
  CHECK(still_there);
  CHECK(thawed);
  CHECK(started);
  CHECK(failed == 0);
  CHECK(longest < bound.count());
}

TEST_CASE("whoever has changed something sees it, however far the replicas are behind") {
  const auto kind = GENERATE(ServerKind::mariadb, ServerKind::mysql57);
  const Replicated all(kind, "replica_lag_max=300s");
  REQUIRE(put(*all.store, "a", "1"));
  CHECK(eventually([&] { return all.all_see("1", Replicated::many); }));
  stop(all.first);
  stop(all.second);
  for (std::int64_t number = 1; number <= 20; ++number) {
    model::User user;
    user.id = UserId{number << 22U};
    user.username = "user" + std::to_string(number);
    REQUIRE(all.store->write(
        [&](ports::Unit& unit) -> Status { return unit.users().create(user, user.username, std::nullopt); }));
    const auto sees = [&](const ports::Freshness& freshness) {
      bool found = false;
      REQUIRE(all.store->read(freshness, [&](ports::Unit& unit) -> Status {
        MUSTER_TRY(const auto user_now, unit.users().find(user.id));
        found = user_now.has_value();
        return {};
      }));
      return found;
    };
    const std::vector<ports::SlotPosition> own{{model::slot_of(user.id), user.version}};
    for (const auto view : {ports::View::snapshot, ports::View::looks}) {
      CHECK_FALSE(sees({.recency = ports::Recency::recent, .view = view}));
      CHECK(sees({.recency = ports::Recency::recent, .at_least = own, .view = view}));
    }
    CHECK(sees({}));
    if (number == 20) {
      start(all.first);
      start(all.second);
      CHECK(eventually([&] {
        const std::uint64_t before = all.store->counters().reads_on_replicas;
        return sees({.recency = ports::Recency::recent, .at_least = own}) &&
               all.store->counters().reads_on_replicas == before + 1;
      }));
    }
  }
}

}  // namespace muster::mysql::test
