// SPDX-License-Identifier: Apache-2.0
/// @file Waiting that ends early when everything does. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace muster::cached {

class Pause {
 public:
  void wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    over_.wait_for(lock, time, [this] { return is_over_; });
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    over_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
};

}  // namespace muster::cached
