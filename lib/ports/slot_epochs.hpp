// SPDX-License-Identifier: Apache-2.0
/// @file At which epoch each slot is written in one database, as far as this process knows: a hint, which the
/// fence in the database checks. Thread-safe.
#pragma once

#include "model/slot.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace muster::ports {

class SlotEpochs {
 public:
  explicit SlotEpochs(std::int64_t all) {
    for (auto& each : epochs_) each.store(all, std::memory_order_relaxed);
  }

  [[nodiscard]] std::int64_t of(std::uint32_t slot) const {
    return epochs_[slot].load(std::memory_order_acquire);
  }
  void set(std::uint32_t slot, std::int64_t epoch) { epochs_[slot].store(epoch, std::memory_order_release); }

 private:
  std::array<std::atomic<std::int64_t>, model::slot_count> epochs_;
};

/// The detail of an error of a write whose slot is not owned where it was tried, before the slot's number.
inline constexpr const char* slot_not_owned = "slot not owned: ";

}  // namespace muster::ports
