// SPDX-License-Identifier: Apache-2.0
/// @file A handler that keeps its responders until the test answers them, from whatever thread.
#pragma once

#include "http/server.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace muster::http::test {

class Held {
 public:
  struct Request {
    std::string path;
    std::unique_ptr<Responder> responder;
  };

  Handler handler() {
    return [this](http::Request&& request, const Listener&, Responder&& responder) {
      const std::lock_guard lock(mutex_);
      requests_.push_back({std::string(request.path), std::make_unique<Responder>(std::move(responder))});
      changed_.notify_all();
    };
  }
  /// Waits until there are `count`, at most ten seconds, and takes all there are.
  std::vector<Request> take(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return requests_.size() >= count; });
    return std::exchange(requests_, {});
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
};

}  // namespace muster::http::test
