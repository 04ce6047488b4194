// SPDX-License-Identifier: Apache-2.0
/// @file The one thread that writes. It takes all units that wait, runs each under a savepoint of one
/// transaction, commits once (one fsync), calls what was to be called after the commit and then wakes the
/// callers. A unit that fails is undone alone. Where the database gives the transaction up (a deadlock with
/// another program, a lost connection), its units run again, one by one; so a unit may run more than once.
/// Thread-safe.
#pragma once

#include "adapters/sql/connection.hpp"
#include "adapters/sql/health.hpp"
#include "adapters/sql/unit.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace muster::sql {

struct WriterLimits {
  std::size_t queue_length_max;
  std::size_t batch_units_max;
  std::chrono::milliseconds batch_time_max;
  int runs_again_max = 20;                         ///< Of a unit.
  std::chrono::milliseconds again_time_max{5000};  ///< For all units of a transaction that was given up.
};

class Writer {
 public:
  Writer(std::unique_ptr<TransactionalConnection> connection, WriterLimits limits, Health& health,
         std::shared_ptr<const ports::SlotNumbers> epochs = nullptr);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Finishes what waits.
  ~Writer();

  /// Errors: those of the unit; overloaded, unavailable.
  Status write(const std::function<Status(ports::Unit&)>& work);
  /// Runs on the writer's thread, outside any transaction; it may use the writer's connection.
  Status run_alone(const std::function<Status(TransactionalConnection&)>& task);

  struct Counts {
    std::uint64_t commits = 0;
    std::uint64_t writes = 0;
    std::uint64_t writes_failed = 0;
    std::uint64_t runs_again = 0;
    std::uint64_t queue_length = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Pending {
    const std::function<Status(ports::Unit&)>* unit = nullptr;
    const std::function<Status(TransactionalConnection&)>* task = nullptr;
    Status status;
    bool done = false;
    std::mutex mutex;
    std::condition_variable finished;
  };
  using Batch = std::vector<Pending*>;

  Status enqueue(Pending& pending);
  void loop();
  void run_task(Pending& task);
  Pending* take_next_unit();
  void run_batch(Batch& batch);
  Status begin();
  void run_units(Batch& batch);
  /// Of units of which at least one has something to keep.
  Status commit();
  [[nodiscard]] bool was_given_up() const;
  void run_again(Batch& batch);
  Status run_until_kept(Pending& pending, std::chrono::steady_clock::time_point end);
  void finish_batch(Batch& batch, Status committed);
  void probe();
  void note_trouble();
  static void complete(Pending& pending);

  std::unique_ptr<TransactionalConnection> connection_;
  SqlUnit unit_;
  const WriterLimits limits_;
  Health& health_;
  std::vector<std::function<void()>> actions_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Pending*> queue_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> writes_{0};
  std::atomic<std::uint64_t> writes_failed_{0};
  std::atomic<std::uint64_t> runs_again_{0};
  std::thread thread_;
};

}  // namespace muster::sql
