// SPDX-License-Identifier: Apache-2.0
/// @file A bounded number of threads behind a bounded queue. What does not fit is given back to the caller,
/// who answers that the server is overloaded. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace muster::daemon {

struct Exchange;

struct PoolOptions {
  std::string name;  ///< Of its threads, at most 15 characters.
  std::size_t threads = 1;
  std::size_t queue_max = 1;
  int niceness = 0;  ///< Of its threads: 10 yields to everything at 0.
};

struct PoolCounters {
  std::uint64_t queue_length = 0;
  std::uint64_t busy = 0;
  std::uint64_t refused = 0;
};

class WorkerPool {
 public:
  using Work = std::function<void(std::unique_ptr<Exchange>)>;

  WorkerPool(PoolOptions options, Work work);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  /// False, and the exchange stays with the caller, when the queue is full or the pool has stopped.
  bool post(std::unique_ptr<Exchange>& exchange);
  /// Drops what is queued, ends what runs and joins the threads. Idempotent.
  void stop();
  [[nodiscard]] PoolCounters counters() const;

 private:
  void run();

  PoolOptions options_;
  Work work_;
  mutable std::mutex mutex_;
  std::condition_variable waiting_;
  std::deque<std::unique_ptr<Exchange>> queue_;
  bool stopping_ = false;
  std::atomic<std::uint64_t> busy_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::vector<std::thread> threads_;
};

}  // namespace muster::daemon
