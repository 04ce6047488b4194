// SPDX-License-Identifier: Apache-2.0
/// @file Which shard owns which slot, how even that is, and what to move to empty a shard. Pure functions of
/// their arguments, the same answer each time. Value types: thread-safe.
#pragma once

#include "base/result.hpp"
#include "model/slot.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace muster::model {

struct ShardId {
  std::uint32_t value = 0;

  auto operator<=>(const ShardId&) const = default;
};

struct SlotOwner {
  ShardId shard;
  std::int64_t epoch = 1;  ///< Grows by one with each change of owner; a write to an older epoch is refused.

  bool operator==(const SlotOwner&) const = default;
};

struct SlotMap {
  std::int64_t version = 1;       ///< Grows with each change.
  std::vector<SlotOwner> owners;  ///< By slot; slot_count of them.

  bool operator==(const SlotMap&) const = default;
};

/// Contiguous ranges in the order given, whose sizes differ by one at most. Not empty, nor more than
/// slot_count, nor one twice: that is invalid_argument.
Result<SlotMap> even_map(std::span<const ShardId> shards);

/// Error: conflict with what is wrong: a slot that nobody owns, a shard that is not `known`, an epoch or a
/// version below 1.
Status validate(const SlotMap& map, std::span<const ShardId> known);

struct SlotMove {
  std::uint32_t slot = 0;
  ShardId from;
  ShardId to;
  std::int64_t epoch = 0;  ///< That the new owner has it at.

  bool operator==(const SlotMove&) const = default;
};

/// Moves every slot of `from` once and no other, and leaves `to` as even as that allows. In the order of
/// slots; neighbours go to the same shard where they can. Error: invalid_argument (`to` empty or with `from`
/// in it, or one twice).
Result<std::vector<SlotMove>> drain_plan(const SlotMap& map, ShardId from, std::span<const ShardId> to);

/// Error: conflict, when the map is not what the move was planned for.
Status apply(SlotMap& map, const SlotMove& move);

struct SlotLoad {
  std::int64_t users = 0;
  std::int64_t writes = 0;

  bool operator==(const SlotLoad&) const = default;
};

struct ShardLoad {
  ShardId shard;
  std::int64_t slots = 0;
  SlotLoad load;
};

struct HotSlot {
  std::uint32_t slot = 0;
  ShardId shard;
  SlotLoad load;
};

struct SkewReport {
  std::vector<ShardLoad> shards;  ///< Every known one, ascending.
  double users_max_to_mean = 1;   ///< Of the shards; 1 when there are none.
  double writes_max_to_mean = 1;
  std::vector<HotSlot> most_users;  ///< Hottest first; slots without any are left out.
  std::vector<HotSlot> most_writes;
};

/// `loads` by slot, slot_count of them; `map` is valid for the shards `known`.
SkewReport skew(const SlotMap& map, std::span<const ShardId> known, std::span<const SlotLoad> loads,
                std::size_t hottest_max);

}  // namespace muster::model
