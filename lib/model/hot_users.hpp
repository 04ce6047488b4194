// SPDX-License-Identifier: Apache-2.0
/// @file Who is asked for most, slot by slot and in bounded memory. Each slot counts a few users exactly
/// enough: for a user that is new to it the one with the lowest count goes, whose count the new one takes
/// over with the note that so much of it is not its own (Space-Saving). Counts are halved now and then, so
/// that what was hot long ago goes. Pure: no clock, no randomness. Not thread-safe; slots may be used by
/// several threads if none by two at once.
#pragma once

#include "base/ids.hpp"
#include "model/slot.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster::model {

struct HotUser {
  UserId user;
  std::uint32_t count = 0;
  std::uint32_t not_own = 0;  ///< So much of the count may have been others'.

  [[nodiscard]] std::uint32_t sure() const { return count - not_own; }
};

class HotUsers {
 public:
  static constexpr std::size_t per_slot_max = 32;
  static constexpr std::size_t users_max = per_slot_max * slot_count;

  HotUsers() : slots_(slot_count) {}

  void note(UserId user);
  /// Halves all counts; who was asked for once only goes.
  void age(std::uint32_t slot);
  /// Those of one slot, in no order.
  [[nodiscard]] const std::vector<HotUser>& of_slot(std::uint32_t slot) const { return slots_[slot]; }
  /// As of_slot() of an earlier one; who does not belong to the slot, or is too many, is left out.
  void restore(std::uint32_t slot, const std::vector<HotUser>& users);

 private:
  std::vector<std::vector<HotUser>> slots_;
};

/// Those who were surely asked for most, the first first, at most `count`.
std::vector<UserId> hottest(std::vector<HotUser> users, std::size_t count);

}  // namespace muster::model
