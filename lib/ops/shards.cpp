// SPDX-License-Identifier: Apache-2.0
#include "ops/shards.hpp"

#include "ops/context.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace muster::ops {
std::string text_of(model::ShardId id) {
  return std::to_string(id.value);
}

namespace {

std::int64_t number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

Shard shown(const ports::ShardReport& report) {
  Shard shard;
  shard.id = text_of(report.id);
  shard.dsn = report.dsn;
  shard.catalog = report.is_catalog;
  shard.state = report.unreachable ? "unreachable" : report.health.writable ? "ok" : "read_only";
  if (report.unreachable)
    shard.reason = report.unreachable;
  else if (!report.health.writable)
    shard.reason = report.health.reason;
  if (!report.unreachable) shard.users = shard.writes = 0;
  if (report.writes_per_second) shard.writes_per_second = std::round(*report.writes_per_second * 10) / 10;
  shard.slots_at_odds = report.slots_at_odds;
  shard.write_queue = number(report.counters.queue_length);
  shard.reads_waited = number(report.counters.reads_waited);
  shard.read_wait_ms = std::chrono::duration<double, std::milli>(report.counters.read_wait).count();
  return shard;
}

void add(std::optional<std::int64_t>& sum, const std::optional<model::SlotLoad>& load,
         std::int64_t model::SlotLoad::*amount) {
  if (!load)
    sum.reset();
  else if (sum)
    *sum += *load.*amount;
}

/// The id as it is written; nothing for what is none.
std::optional<model::ShardId> parse_shard_id(std::string_view text) {
  model::ShardId id;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  if (error != std::errc() || end != text.data() + text.size() || text_of(id) != text) return std::nullopt;
  return id;
}

}  // namespace

Result<ports::Sharding*> sharding_of(const Context& context) {
  if (context.sharding != nullptr) return context.sharding;
  return fail(ErrorCode::unavailable, "nothing is known of shards here");
}

Result<model::ShardId> find_shard(const ports::ShardingReport& report, const std::string& text) {
  const auto id = parse_shard_id(text);
  const auto is_it = [&](const ports::ShardReport& each) { return id && each.id == *id; };
  if (std::any_of(report.shards.begin(), report.shards.end(), is_it)) return *id;
  return fail(ErrorCode::not_found, "there is no shard " + text);
}

Result<ListShards::Reply> ListShards::run(Context& context, Call& /*call*/, const Request& /*request*/) {
  MUSTER_TRY(ports::Sharding* const sharding, sharding_of(context));
  const ports::ShardingReport report = sharding->look();
  Reply reply;
  for (const ports::ShardReport& each : report.shards) {
    Shard shard = shown(each);
    for (std::size_t slot = 0; slot < report.map.owners.size(); ++slot) {
      if (report.map.owners[slot].shard != each.id) continue;
      ++shard.slots;
      add(shard.users, report.loads[slot], &model::SlotLoad::users);
      add(shard.writes, report.loads[slot], &model::SlotLoad::writes);
    }
    reply.items.push_back(std::move(shard));
  }
  return reply;
}

Result<ListSlots::Reply> ListSlots::run(Context& context, Call& /*call*/, const Request& request) {
  MUSTER_TRY(ports::Sharding* const sharding, sharding_of(context));
  const ports::ShardingReport report = sharding->look();
  std::optional<model::ShardId> wanted;
  if (request.shard) {
    MUSTER_TRY(wanted, find_shard(report, *request.shard));
  }
  Reply reply;
  const model::SlotOwner* before = nullptr;
  for (std::size_t slot = 0; slot < report.map.owners.size(); ++slot) {
    const model::SlotOwner& owner = report.map.owners[slot];
    const bool goes_on = before != nullptr && *before == owner && !request.each;
    before = &owner;
    if (wanted && owner.shard != *wanted) continue;
    const auto index = static_cast<std::int64_t>(slot);
    if (!goes_on) reply.items.push_back({index, index, 0, text_of(owner.shard), owner.epoch, 0, 0});
    SlotRange& range = reply.items.back();
    range.last = index;
    ++range.slots;
    add(range.users, report.loads[slot], &model::SlotLoad::users);
    add(range.writes, report.loads[slot], &model::SlotLoad::writes);
  }
  return reply;
}

}  // namespace muster::ops
