// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sqlite/database.hpp"
#include "model/user.hpp"
#include "ports/user_store.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace muster::sqlite::test {
namespace {

/// Holds the writer inside a unit until it is let go, so that others queue up behind it.
class Gate {
 public:
  explicit Gate(ports::Store& store) {
    holder_ = std::thread([this, &store] {
      status_ = store.write([this](ports::Unit&) -> Status {
        std::unique_lock lock(mutex_);
        entered_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
        return {};
      });
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_; });
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { release(); }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
    if (holder_.joinable()) holder_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false;
  bool open_ = false;
  Status status_;
  std::thread holder_;
};

}  // namespace

TEST_CASE("writes that wait share one commit, and one that fails does not disturb the others") {
  const Folder folder;
  SqliteOptions options = options_for(folder);
  options.batch_time_max = std::chrono::seconds(60);
  const auto store = open_store(options);
  const auto before = store->counters();
  constexpr int writers = 60;
  std::vector<Status> results(writers);
  std::vector<std::thread> threads;
  {
    Gate gate(*store);
    for (int i = 0; i < writers; ++i)
      threads.emplace_back([&, i] {
        results[static_cast<std::size_t>(i)] = store->write([i](ports::Unit& unit) -> Status {
          MUSTER_CHECK_OK(unit.meta().put("key" + std::to_string(i), "value"));
          if (i % 10 == 3) return fail(ErrorCode::conflict, "this one fails");
          if (i % 10 == 4) throw 1;
          return {};
        });
      });
    REQUIRE(eventually([&] { return store->counters().queue_length == writers; }));
  }
  for (std::thread& thread : threads) thread.join();
  const auto after = store->counters();
  // The one that held the gate is 20 ms old by then or not: its commit took the others in, or they had their
  // own.
  CHECK(after.commits - before.commits <= 2);
  CHECK(after.writes - before.writes == 1 + 48);
  CHECK(after.writes_failed - before.writes_failed == 12);
  for (int i = 0; i < writers; ++i) {
    INFO(i);
    const Status& result = results[static_cast<std::size_t>(i)];
    const bool good = i % 10 != 3 && i % 10 != 4;
    CHECK(result.has_value() == good);
    if (!good) CHECK(result.error().code == (i % 10 == 3 ? ErrorCode::conflict : ErrorCode::internal));
    CHECK(get(*store, "key" + std::to_string(i)).has_value() == good);
  }
}

TEST_CASE("a failing first unit of a commit does not take the next with it") {
  const Folder folder;
  const auto store = open_store(options_for(folder));
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  {
    Gate gate(*store);
    for (int i = 0; i < 20; ++i)
      threads.emplace_back([&, i] {
        const Status status = store->write([i](ports::Unit& unit) -> Status {
          model::User user;
          user.id = UserId{i + 1};
          // All want the same name: whoever comes first has it.
          return unit.users().create(user, "same", std::nullopt);
        });
        if (status) ++good;
      });
    REQUIRE(eventually([&] { return store->counters().queue_length == 20; }));
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 1);
}

TEST_CASE("a full queue answers overloaded with a time to retry, and the waiting writes are done") {
  const Folder folder;
  SqliteOptions options = options_for(folder);
  options.queue_length_max = 8;
  const auto store = open_store(options);
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  {
    Gate gate(*store);
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        if (put(*store, "key" + std::to_string(i), "value")) ++good;
      });
    REQUIRE(eventually([&] { return store->counters().queue_length == 8; }));
    const Status refused = put(*store, "late", "value");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::overloaded);
    CHECK(refused.error().retry_after == std::chrono::seconds(1));
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 8);
  CHECK_FALSE(get(*store, "late"));
  CHECK(put(*store, "late", "now"));
}

TEST_CASE("more reads than readers wait for a bounded time only") {
  const Folder folder;
  SqliteOptions options = options_for(folder);
  options.readers = 1;
  options.reader_wait_max = std::chrono::milliseconds(20);
  const auto store = open_store(options);
  Status inner;
  const Status outer = store->read([&](ports::Unit&) -> Status {
    std::thread other([&] { inner = store->read([](ports::Unit&) -> Status { return {}; }); });
    other.join();
    return {};
  });
  CHECK(outer);
  REQUIRE_FALSE(inner);
  CHECK(inner.error().code == ErrorCode::overloaded);
  CHECK(get(*store, "a") == std::nullopt);
}

TEST_CASE("many threads read and write at once, and every write is there in the end") {
  const Folder folder;
  SqliteOptions options = options_for(folder);
  const auto store = open_store(options);
  constexpr int threads_count = 16;
  constexpr int rounds = 50;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  const auto before = store->counters();
  for (int thread = 0; thread < threads_count; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < rounds; ++i) {
        const std::string name = std::to_string(thread) + "/" + std::to_string(i);
        if (!put(*store, name, name)) ++wrong;
        std::optional<std::string> found;
        const Status status = store->read([&](ports::Unit& unit) -> Status {
          MUSTER_TRY(found, unit.meta().get(name));
          return {};
        });
        // Durable, and seen by the very next read.
        if (!status || found != name) ++wrong;
      }
    });
  for (int i = 0; i < 5; ++i) CHECK(store->maintain());
  for (std::thread& thread : threads) thread.join();
  const auto after = store->counters();
  CHECK(wrong == 0);
  CHECK(after.writes - before.writes == threads_count * rounds);
  CHECK(after.commits - before.commits < threads_count * rounds);
}

}  // namespace muster::sqlite::test
