// SPDX-License-Identifier: Apache-2.0
/// @file How long to leave a server alone that does not answer: longer each time, and spread by chance, so
/// that not all come back at once. Belongs to one thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <thread>

namespace muster::redis {

class Pauses {
 public:
  using Time = std::chrono::milliseconds;

  /// Half to one and a half times as long as it would be.
  Time next() {
    pause_ = std::clamp(pause_ * 2, shortest, longest);
    thread_local std::minstd_rand engine(
        static_cast<std::uint32_t>(std::hash<std::thread::id>()(std::this_thread::get_id())));
    return Time(
        std::uniform_int_distribution<std::int64_t>(pause_.count() / 2, pause_.count() * 3 / 2)(engine));
  }
  void over() { pause_ = Time(0); }

 private:
  static constexpr Time shortest{25};
  static constexpr Time longest{2000};

  Time pause_{0};
};

}  // namespace muster::redis
