// SPDX-License-Identifier: Apache-2.0
#include "assembly/worker_keeper.hpp"

#include "adapters/sqlite/sqlite_store.hpp"
#include "lib/assembly/temporary_folder.hpp"

#include <atomic>
#include <set>

#include <catch2/catch.hpp>

namespace muster::assembly {
namespace {

using namespace std::chrono_literals;

constexpr Time start{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
constexpr ops::LeaseTerms terms{.workers = 3};

struct SharedTime {
  std::atomic<Time> wall = start;
  std::atomic<system::LeasedIds::Moment> steady = system::LeasedIds::Moment{1000s};

  void pass(std::chrono::microseconds time) {
    wall = wall.load() + time;
    steady = steady.load() + time;
  }
};

class SharedClock final : public ports::Clock {
 public:
  explicit SharedClock(SharedTime& time) : time_(time) {}
  Time now() override { return time_.wall; }

 private:
  SharedTime& time_;
};

/// What a daemon has of all this; several share a store.
struct Daemon {
  Daemon(ports::Store& store, SharedTime& time, const ops::LeaseTerms& its_terms = terms)
      : clock(time),
        ids(
            UserId{}, [&time] { return time.wall.load(); }, [&time] { return time.steady.load(); }),
        keeper(store, clock, ids, "test", its_terms) {}

  /// The worker that made it.
  std::int64_t worker() { return ids.next().value().value >> 12 & 0x3ff; }

  SharedClock clock;
  system::LeasedIds ids;
  WorkerKeeper keeper;
};

struct Fixture {
  testing::TemporaryFolder folder;
  std::unique_ptr<ports::Store> store = std::move(*sqlite::open({.path = folder.path("store")}));
  SharedTime time;
};

TEST_CASE("daemons on one store make ids with workers of their own, the lowest free ones") {
  Fixture fixture;
  Daemon one(*fixture.store, fixture.time);
  Daemon two(*fixture.store, fixture.time);
  REQUIRE(one.keeper.take());
  REQUIRE(two.keeper.take());
  CHECK(one.worker() == 0);
  CHECK(two.worker() == 1);

  one.keeper.give_back();
  CHECK_FALSE(one.ids.next());
  fixture.time.pass(1ms);
  Daemon three(*fixture.store, fixture.time);
  REQUIRE(three.keeper.take());
  CHECK(three.worker() == 0);
}

TEST_CASE("a start is refused when every worker is leased, until a lease has run out and its margin") {
  Fixture fixture;
  std::vector<std::unique_ptr<Daemon>> daemons;
  for (int i = 0; i < 3; ++i) {
    daemons.push_back(std::make_unique<Daemon>(*fixture.store, fixture.time));
    REQUIRE(daemons.back()->keeper.take());
  }
  Daemon late(*fixture.store, fixture.time);
  const Status refused = late.keeper.start();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().message ==
        "all 3 worker ids are leased: stop a daemon that uses this store, or wait until the lease of one "
        "that is gone has run out");

  fixture.time.pass(terms.duration + terms.margin - 1us);
  REQUIRE(daemons[0]->keeper.renew());
  REQUIRE(daemons[2]->keeper.renew());
  CHECK_FALSE(late.keeper.take());
  fixture.time.pass(1us);
  REQUIRE(late.keeper.take());
  CHECK(late.worker() == 1);
}

TEST_CASE("a daemon that was frozen while its worker was leased anew makes no ids with it") {
  Fixture fixture;
  Daemon frozen(*fixture.store, fixture.time);
  REQUIRE(frozen.keeper.take());
  const UserId last = frozen.ids.next().value();

  fixture.time.pass(terms.duration + terms.margin);
  Daemon other(*fixture.store, fixture.time);
  REQUIRE(other.keeper.take());
  CHECK(other.worker() == 0);
  CHECK(other.ids.next().value() > last);

  CHECK_FALSE(frozen.ids.next());
  REQUIRE(frozen.keeper.renew());
  CHECK(frozen.worker() == 1);
  CHECK(other.worker() == 0);
}

TEST_CASE("a lease that ran out and that nobody took is renewed") {
  Fixture fixture;
  Daemon daemon(*fixture.store, fixture.time);
  REQUIRE(daemon.keeper.take());
  fixture.time.pass(10 * terms.duration);
  CHECK_FALSE(daemon.ids.next());
  REQUIRE(daemon.keeper.renew());
  CHECK(daemon.worker() == 0);
}

TEST_CASE("a lease is renewed in the background, and given back at the end") {
  Fixture fixture;
  ops::LeaseTerms often = terms;
  often.renewed_every = 1ms;
  {
    Daemon daemon(*fixture.store, fixture.time, often);
    REQUIRE(daemon.keeper.start());
    for (int i = 0; i < 10; ++i) {
      fixture.time.pass(terms.duration);
      bool renewed = false;
      for (int tries = 0; tries < 10'000 && !renewed; ++tries) {
        renewed = daemon.ids.next().has_value();
        if (!renewed) std::this_thread::sleep_for(1ms);
      }
      REQUIRE(renewed);
    }
  }
  fixture.time.pass(1ms);
  Daemon next(*fixture.store, fixture.time);
  REQUIRE(next.keeper.take());
  CHECK(next.worker() == 0);
}

TEST_CASE("daemons that start together get different workers") {
  Fixture fixture;
  constexpr int count = 8;
  ops::LeaseTerms many = terms;
  many.workers = count;
  std::vector<std::unique_ptr<Daemon>> daemons;
  for (int i = 0; i < count; ++i)
    daemons.push_back(std::make_unique<Daemon>(*fixture.store, fixture.time, many));
  std::atomic<int> taken = 0;
  {
    std::vector<std::thread> threads;
    for (const auto& daemon : daemons) threads.emplace_back([&] { taken += daemon->keeper.take() ? 1 : 0; });
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(taken == count);
  std::set<std::int64_t> workers;
  for (const auto& daemon : daemons) workers.insert(daemon->worker());
  CHECK(workers.size() == count);
}

}  // namespace
}  // namespace muster::assembly
