// SPDX-License-Identifier: Apache-2.0
/// @file Reads on in the log of changes of one database, and knows when it has missed nothing. The log's ids
/// do not say that: of two units that run side by side the one with the lower ids may be the later to be
/// seen. But each slot counts its units, so of each slot the entries are to be of one unit after the other,
/// each from its first on, up to what the slot has come to. What is missing is looked for further back, a
/// bounded way.
///
/// It is about the slots that the database has, at the epochs at which it had them in the beginning: if that
/// changes, it is lost, as it is when entries were dropped that it had not read. Belongs to one thread at a
/// time.
#pragma once

#include "ports/slot_store.hpp"
#include "ports/store.hpp"

#include <functional>
#include <span>
#include <vector>

namespace muster::cached {

class LogFollower {
 public:
  enum class State : std::uint8_t {
    current,  ///< Everything was read that the unit can see.
    behind,   ///< There is more than is read at a time.
    lost,     ///< What was missed cannot be known; it must begin anew.
  };
  using Use = std::function<void(std::span<const UserId> users)>;

  LogFollower();

  /// From what the unit sees on, in any of them: how many users there are in the slots that are here.
  Result<std::int64_t> begin(ports::Unit& unit);
  [[nodiscard]] bool has(std::uint32_t slot) const { return slots_[slot].epoch != 0; }
  /// Hands over the users who may be new or may have new names, some of them more than once. The unit is a
  /// snapshot that lacks nothing that was acknowledged. After an error it may go on.
  Result<State> follow(ports::Unit& unit, const Use& use);

 private:
  struct Slot {
    std::int64_t epoch = 0;  ///< 0: it is not here.
    std::int64_t seq = 0;    ///< Of the last unit whose first entry was read.
  };

  /// Error: of the store. Nothing: something is missing before what was read.
  Result<std::optional<State>> read_from(ports::Unit& unit, std::int64_t back, const Use& use);
  bool take(std::span<const ports::LoggedChange> entries, const Use& use);

  std::vector<Slot> slots_;
  std::vector<std::int64_t> ends_;  ///< Of the unit that is followed: what each slot has come to.
  std::int64_t last_id_ = 0;        ///< The highest that was read.
  bool was_at_end_ = false;         ///< All of the units that were begun was read.
};

}  // namespace muster::cached
