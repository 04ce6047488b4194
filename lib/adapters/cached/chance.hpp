// SPDX-License-Identifier: Apache-2.0
/// @file Chance that spreads things out; nothing that is to be secret depends on it. Thread-safe.
#pragma once

#include "model/slot.hpp"
#include "ports/clock.hpp"

#include <atomic>
#include <cstdint>

namespace muster::cached {

class Chance {
 public:
  explicit Chance(ports::Entropy& entropy) {
    std::uint64_t seed = 0;
    for (const char each : entropy.bytes(sizeof seed)) seed = seed << 8U | static_cast<unsigned char>(each);
    state_ = seed;
  }
  /// Between 0 and 1, neither of them.
  double next() {
    constexpr double steps = 1ULL << 53U;
    const std::uint64_t word = model::slot_hash(state_.fetch_add(1, std::memory_order_relaxed));
    return (static_cast<double>(word >> 11U) + 0.5) / steps;
  }

 private:
  std::atomic<std::uint64_t> state_{0};
};

}  // namespace muster::cached
