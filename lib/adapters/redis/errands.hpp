// SPDX-License-Identifier: Apache-2.0
/// @file What couriers did and do, all together. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace muster::redis {

class Errands {
 public:
  static constexpr std::array<double, 13> bounds_seconds{
      0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5};
  struct Counts {
    std::uint64_t waiting = 0;            ///< Questions that are not answered yet.
    std::uint64_t refused = 0;            ///< For want of room.
    std::vector<std::uint64_t> journeys;  ///< By the bounds; the last has what took longer than all of them.
    double journeys_seconds = 0;
  };

  void note_taken() { taken_.fetch_add(1, relaxed); }
  void note_told(std::uint64_t count) { told_.fetch_add(count, std::memory_order_release); }
  void note_refused() { refused_.fetch_add(1, relaxed); }
  void note_journey(std::chrono::nanoseconds took) {
    const double seconds = std::chrono::duration<double>(took).count();
    std::size_t bucket = 0;
    while (bucket < bounds_seconds.size() && seconds > bounds_seconds[bucket]) ++bucket;
    journeys_[bucket].fetch_add(1, relaxed);
    nanoseconds_.fetch_add(static_cast<std::uint64_t>(took.count()), relaxed);
  }

  [[nodiscard]] Counts counts() const {
    Counts out;
    // In this order: nobody is told before being taken.
    const std::uint64_t told = told_.load(std::memory_order_acquire);
    out.waiting = taken_.load(relaxed) - told;
    out.refused = refused_.load(relaxed);
    for (const auto& each : journeys_) out.journeys.push_back(each.load(relaxed));
    out.journeys_seconds = static_cast<double>(nanoseconds_.load(relaxed)) / 1e9;
    return out;
  }

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;

  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> told_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::array<std::atomic<std::uint64_t>, bounds_seconds.size() + 1> journeys_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

}  // namespace muster::redis
