// SPDX-License-Identifier: Apache-2.0
#include "daemon/worker_pool.hpp"

#include "base/log.hpp"
#include "daemon/exchange.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace muster::daemon {

WorkerPool::WorkerPool(PoolOptions options, Work work)
    : options_(std::move(options)), work_(std::move(work)) {
  threads_.reserve(options_.threads);
  for (std::size_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() {
  stop();
}

bool WorkerPool::post(std::unique_ptr<Exchange>& exchange) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= options_.queue_max) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    queue_.push_back(std::move(exchange));
  }
  waiting_.notify_one();
  return true;
}

void WorkerPool::stop() {
  std::deque<std::unique_ptr<Exchange>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  waiting_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

PoolCounters WorkerPool::counters() const {
  const std::lock_guard lock(mutex_);
  return {queue_.size(), busy_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed)};
}

void WorkerPool::run() {
  pthread_setname_np(pthread_self(), options_.name.c_str());
  // Linux keeps niceness by thread. Failing to yield is no reason not to work.
  if (options_.niceness != 0) (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), options_.niceness);
  for (;;) {
    std::unique_ptr<Exchange> exchange;
    {
      std::unique_lock lock(mutex_);
      waiting_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      exchange = std::move(queue_.front());
      queue_.pop_front();
    }
    busy_.fetch_add(1, std::memory_order_relaxed);
    try {
      work_(std::move(exchange));
    } catch (const std::exception& error) {
      // The exchange is gone, and with it its Responder, which answers 500.
      log::error("a request on the {} pool failed: {}", options_.name, error.what());
    }
    busy_.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace muster::daemon
