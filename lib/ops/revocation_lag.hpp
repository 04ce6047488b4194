// SPDX-License-Identifier: Apache-2.0
/// @file How long it took from a revocation being made, wherever that was, to its being in force here.
/// Recording is a few relaxed atomic additions. Thread-safe.
#pragma once

#include "base/time.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster::ops {

class RevocationLag {
 public:
  static constexpr std::array<double, 15> bounds_seconds{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0};

  struct Snapshot {
    std::vector<std::uint64_t> counts;  ///< One more than bounds: the last has what is above all of them.
    double sum_seconds = 0;
  };

  void record(Duration lag) {
    const double seconds = std::chrono::duration<double>(lag).count();
    std::size_t bucket = 0;
    while (bucket < bounds_seconds.size() && seconds > bounds_seconds[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    microseconds_.fetch_add(lag.count(), std::memory_order_relaxed);
  }

  [[nodiscard]] Snapshot snapshot() const {
    Snapshot out;
    for (const auto& each : counts_) out.counts.push_back(each.load(std::memory_order_relaxed));
    out.sum_seconds = static_cast<double>(microseconds_.load(std::memory_order_relaxed)) / 1e6;
    return out;
  }

 private:
  std::array<std::atomic<std::uint64_t>, bounds_seconds.size() + 1> counts_{};
  std::atomic<std::int64_t> microseconds_{0};
};

}  // namespace muster::ops
