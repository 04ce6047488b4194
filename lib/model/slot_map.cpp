// SPDX-License-Identifier: Apache-2.0
#include "model/slot_map.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace muster::model {
namespace {

std::string text(ShardId shard) {
  return std::to_string(shard.value);
}

Result<std::set<ShardId>> distinct(std::span<const ShardId> shards) {
  std::set<ShardId> out(shards.begin(), shards.end());
  if (out.size() != shards.size()) return fail(ErrorCode::invalid_argument, "a shard is named twice");
  if (out.empty()) return fail(ErrorCode::invalid_argument, "no shard is named");
  return out;
}

/// How many of `slots` slots each shard gets, so that those with the fewest are filled first.
std::map<ShardId, std::size_t> shares(const std::map<ShardId, std::size_t>& owned, std::size_t slots) {
  std::set<std::pair<std::size_t, ShardId>> fewest_first;
  for (const auto& [shard, count] : owned) fewest_first.emplace(count, shard);
  std::map<ShardId, std::size_t> out;
  for (; slots != 0; --slots) {
    auto least = fewest_first.extract(fewest_first.begin());
    ++least.value().first;
    ++out[least.value().second];
    fewest_first.insert(std::move(least));
  }
  return out;
}

double max_to_mean(const std::vector<ShardLoad>& shards, std::int64_t SlotLoad::*amount) {
  std::int64_t sum = 0;
  std::int64_t max = 0;
  for (const ShardLoad& each : shards) {
    sum += each.load.*amount;
    max = std::max(max, each.load.*amount);
  }
  if (sum == 0) return 1;
  return static_cast<double>(max) * static_cast<double>(shards.size()) / static_cast<double>(sum);
}

std::vector<HotSlot> hottest(const SlotMap& map, std::span<const SlotLoad> loads, std::size_t max,
                             std::int64_t SlotLoad::*amount) {
  std::vector<HotSlot> out;
  for (std::uint32_t slot = 0; slot < slot_count; ++slot)
    if (loads[slot].*amount > 0) out.push_back({slot, map.owners[slot].shard, loads[slot]});
  const auto hotter = [&](const HotSlot& a, const HotSlot& b) { return a.load.*amount > b.load.*amount; };
  std::stable_sort(out.begin(), out.end(), hotter);
  if (out.size() > max) out.resize(max);
  return out;
}

}  // namespace

Result<SlotMap> even_map(std::span<const ShardId> shards) {
  MUSTER_TRY(const std::set<ShardId> each, distinct(shards));
  if (each.size() > slot_count)
    return fail(ErrorCode::invalid_argument,
                "there are " + std::to_string(slot_count) + " slots, too few for so many shards");
  SlotMap out;
  out.owners.reserve(slot_count);
  for (std::size_t slot = 0; slot < slot_count; ++slot)
    out.owners.push_back({shards[slot * shards.size() / slot_count], 1});
  return out;
}

Status validate(const SlotMap& map, std::span<const ShardId> known) {
  if (map.version < 1)
    return fail(ErrorCode::conflict, "the map of slots has version " + std::to_string(map.version));
  if (map.owners.size() != slot_count)
    return fail(ErrorCode::conflict, "the map has " + std::to_string(map.owners.size()) +
                                         " slots, there must be " + std::to_string(slot_count));
  const std::set<ShardId> shards(known.begin(), known.end());
  for (std::size_t slot = 0; slot < slot_count; ++slot) {
    const SlotOwner& owner = map.owners[slot];
    if (shards.count(owner.shard) == 0)
      return fail(ErrorCode::conflict, "slot " + std::to_string(slot) + " is on shard " + text(owner.shard) +
                                           ", which is not known");
    if (owner.epoch < 1)
      return fail(ErrorCode::conflict,
                  "slot " + std::to_string(slot) + " has epoch " + std::to_string(owner.epoch));
  }
  return {};
}

Result<std::vector<SlotMove>> drain_plan(const SlotMap& map, ShardId from, std::span<const ShardId> to) {
  MUSTER_TRY(const std::set<ShardId> targets, distinct(to));
  if (targets.count(from) != 0)
    return fail(ErrorCode::invalid_argument, "shard " + text(from) + " cannot be drained into itself");
  std::map<ShardId, std::size_t> owned;
  for (const ShardId each : targets) owned[each] = 0;
  std::size_t leaving = 0;
  for (const SlotOwner& owner : map.owners) {
    if (owner.shard == from) ++leaving;
    if (const auto found = owned.find(owner.shard); found != owned.end()) ++found->second;
  }
  const std::map<ShardId, std::size_t> share = shares(owned, leaving);
  std::vector<SlotMove> out;
  out.reserve(leaving);
  auto target = share.begin();
  std::size_t given = 0;
  for (std::uint32_t slot = 0; slot < map.owners.size(); ++slot) {
    const SlotOwner& owner = map.owners[slot];
    if (owner.shard != from) continue;
    if (given == target->second) {
      ++target;
      given = 0;
    }
    out.push_back({slot, from, target->first, owner.epoch + 1});
    ++given;
  }
  return out;
}

Status apply(SlotMap& map, const SlotMove& move) {
  if (move.slot >= map.owners.size() || map.owners[move.slot] != SlotOwner{move.from, move.epoch - 1})
    return fail(ErrorCode::conflict, "slot " + std::to_string(move.slot) + " is not on shard " +
                                         text(move.from) + " at epoch " + std::to_string(move.epoch - 1));
  map.owners[move.slot] = {move.to, move.epoch};
  ++map.version;
  return {};
}

SkewReport skew(const SlotMap& map, std::span<const ShardId> known, std::span<const SlotLoad> loads,
                std::size_t hottest_max) {
  MUSTER_CHECK(map.owners.size() == slot_count && loads.size() == slot_count);
  std::map<ShardId, ShardLoad> by_shard;
  for (const ShardId each : known) by_shard[each].shard = each;
  for (std::size_t slot = 0; slot < slot_count; ++slot) {
    ShardLoad& each = by_shard[map.owners[slot].shard];
    each.shard = map.owners[slot].shard;
    ++each.slots;
    each.load.users += loads[slot].users;
    each.load.writes += loads[slot].writes;
  }
  SkewReport out;
  for (const auto& [shard, load] : by_shard) out.shards.push_back(load);
  out.users_max_to_mean = max_to_mean(out.shards, &SlotLoad::users);
  out.writes_max_to_mean = max_to_mean(out.shards, &SlotLoad::writes);
  out.most_users = hottest(map, loads, hottest_max, &SlotLoad::users);
  out.most_writes = hottest(map, loads, hottest_max, &SlotLoad::writes);
  return out;
}

}  // namespace muster::model
