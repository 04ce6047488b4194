// SPDX-License-Identifier: Apache-2.0
/// @file What happens to a request, from the front to its answer: one ordered list of steps (pipeline.cpp).
/// Steps run on the reactor until one must wait for the store, a signature or a password hash; that one and
/// those after it run on a bounded pool. A user who is not in memory but may be in Redis is waited for by no
/// thread: whoever brings it goes on with the request. Thread-safe.
#pragma once

#include "daemon/endpoints.hpp"
#include "daemon/worker_pool.hpp"
#include "http/server.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace muster::daemon {

enum class AccessLog : std::uint8_t { off, errors, all };

struct PipelineOptions {
  std::size_t workers = 64;
  std::size_t worker_queue = 4096;
  std::size_t hashing_threads = 8;
  std::size_t hashing_queue = 64;
};

class Pipeline {
 public:
  Pipeline(Services& services, const PipelineOptions& options);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline();

  /// Called on a reactor thread.
  void handle(http::Request&& request, const http::Listener& listener, http::Responder&& responder);
  void set_access_log(AccessLog mode) { access_log_.store(mode, std::memory_order_relaxed); }
  /// Drops what is queued and ends the pools' threads, when what is being fetched has come: after the server
  /// has drained.
  void stop();
  [[nodiscard]] PoolCounters worker_counters() const { return workers_.counters(); }
  [[nodiscard]] PoolCounters hashing_counters() const { return hashers_.counters(); }

 private:
  class Fetch;
  bool fetch(std::unique_ptr<Exchange>& exchange);
  void proceed_fetched(std::unique_ptr<Exchange> exchange);
  void proceed(std::unique_ptr<Exchange> exchange);
  bool post(std::unique_ptr<Exchange>& exchange);
  void proceed_on_pool(std::unique_ptr<Exchange> exchange);
  void finish(Exchange& exchange);

  Services& services_;
  std::atomic<AccessLog> access_log_{AccessLog::errors};
  WorkerPool workers_;
  WorkerPool hashers_;
  std::mutex fetches_mutex_;
  std::condition_variable fetches_ended_;
  std::size_t fetches_ = 0;
};

}  // namespace muster::daemon
