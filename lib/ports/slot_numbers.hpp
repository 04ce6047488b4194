// SPDX-License-Identifier: Apache-2.0
/// @file A number for each slot: the epoch it is written at in one database, as far as this process knows (a
/// hint, which the fence in the database checks), or what its changes have come to. Thread-safe.
#pragma once

#include "model/slot.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace muster::ports {

class SlotNumbers {
 public:
  explicit SlotNumbers(std::int64_t all) {
    for (auto& each : numbers_) each.store(all, std::memory_order_relaxed);
  }

  [[nodiscard]] std::int64_t of(std::uint32_t slot) const {
    return numbers_[slot].load(std::memory_order_acquire);
  }
  void set(std::uint32_t slot, std::int64_t number) {
    numbers_[slot].store(number, std::memory_order_release);
  }
  /// Never lowers it.
  void raise(std::uint32_t slot, std::int64_t number) {
    std::int64_t known = of(slot);
    while (known < number && !numbers_[slot].compare_exchange_weak(known, number)) {
    }
  }

 private:
  std::array<std::atomic<std::int64_t>, model::slot_count> numbers_;
};

/// The detail of an error of a write whose slot is not owned where it was tried, before the slot's number.
inline constexpr const char* slot_not_owned = "slot not owned: ";

}  // namespace muster::ports
