// SPDX-License-Identifier: Apache-2.0
/// @file Waiting for what others are about to end. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace muster::sharded {

inline void wait_a_little(std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable nobody;
  std::unique_lock lock(mutex);
  nobody.wait_for(lock, time);
}

}  // namespace muster::sharded
