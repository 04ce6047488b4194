// SPDX-License-Identifier: Apache-2.0
/// @file How fast numbers that only grow do so, from what they were now and then over the last minute.
/// Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

namespace muster::sharded {

class Rates {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds window{60};

  void note(std::uint32_t key, std::int64_t number, Clock::time_point now = Clock::now());
  /// Per second. Nothing while less than a second of it is known, or when it shrank: it is another one.
  [[nodiscard]] std::optional<double> of(std::uint32_t key) const;

 private:
  struct Sample {
    Clock::time_point at;
    std::int64_t number;
  };
  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::deque<Sample>>
      samples_;  ///< The oldest first; it may be older than the window.
};

}  // namespace muster::sharded
