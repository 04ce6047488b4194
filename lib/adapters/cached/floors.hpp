// SPDX-License-Identifier: Apache-2.0
/// @file Which state of a user must be shown at least: the sequence number of the slot at the last change
/// that is known of. Of a change that others made only that may be known; until somebody has looked how far
/// the slot has come since, nothing will do. Users share a place with some others of their slot, so a change
/// of one may ask more of another than needed, never less. Thread-safe, without locks.
#pragma once

#include "model/slot.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

namespace muster::cached {

class Floors {
 public:
  /// Above whatever a slot may come to: nothing that is known will do.
  static constexpr std::int64_t unknown = std::numeric_limits<std::int64_t>::max();

  [[nodiscard]] std::int64_t of(UserId user) const {
    const Place& place = place_of(user);
    // In this order: an answer that is seen belongs to a question that is not missed.
    const std::uint32_t answered = place.answered.load(std::memory_order_acquire);
    if (answered != place.asked.load(std::memory_order_acquire)) return unknown;
    return place.floor.load(std::memory_order_acquire);
  }
  void raise(UserId user, std::int64_t seq) {
    std::atomic<std::int64_t>& floor = place_of(user).floor;
    std::int64_t known = floor.load(std::memory_order_relaxed);
    while (known < seq && !floor.compare_exchange_weak(known, seq, std::memory_order_acq_rel)) {
    }
  }
  /// Somebody changed it.
  void ask(UserId user) { place_of(user).asked.fetch_add(1, std::memory_order_acq_rel); }
  /// What is asked until now; to be taken before one looks.
  [[nodiscard]] std::uint32_t asked(UserId user) const {
    return place_of(user).asked.load(std::memory_order_acquire);
  }
  /// Who looked after `asked` found the slot to have come that far.
  void answer(UserId user, std::uint32_t asked, std::int64_t seq) {
    raise(user, seq);
    // A later question stays open, and a slower answer takes nothing back for long: it is asked again.
    place_of(user).answered.store(asked, std::memory_order_release);
  }

 private:
  struct Place {
    std::atomic<std::int64_t> floor{0};
    std::atomic<std::uint32_t> asked{0};
    std::atomic<std::uint32_t> answered{0};
  };
  static constexpr std::size_t places_of_a_slot = 64;
  [[nodiscard]] Place& place_of(UserId user) const {
    const std::uint64_t hash = model::slot_hash(static_cast<std::uint64_t>(user.value));
    return (
        *places_)[hash % model::slot_count * places_of_a_slot + hash / model::slot_count % places_of_a_slot];
  }

  using Places = std::array<Place, model::slot_count * places_of_a_slot>;
  std::unique_ptr<Places> places_ = std::make_unique<Places>();
};

}  // namespace muster::cached
