// SPDX-License-Identifier: Apache-2.0
#include "ops/shards_skew.hpp"

#include "ops/context.hpp"
#include "ops/shards.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

HotSlot shown(const model::HotSlot& hot) {
  return {hot.slot, text_of(hot.shard), hot.load.users, hot.load.writes};
}

}  // namespace

Result<ShowSkew::Reply> ShowSkew::run(Context& context, Call& /*call*/, const Request& request) {
  MUSTER_TRY(ports::Sharding* const sharding, sharding_of(context));
  const ports::ShardingReport report = sharding->look();
  std::vector<model::ShardId> known;
  for (const ports::ShardReport& each : report.shards) {
    const bool owns = std::any_of(report.map.owners.begin(), report.map.owners.end(),
                                  [&](const model::SlotOwner& owner) { return owner.shard == each.id; });
    if (owns && each.unreachable)
      return fail(ErrorCode::unavailable,
                  "shard " + text_of(each.id) + " cannot be asked: " + *each.unreachable);
    // A catalog that users are not to be in is not a shard that is empty.
    if (owns || !each.is_catalog) known.push_back(each.id);
  }
  std::vector<model::SlotLoad> loads;
  loads.reserve(report.loads.size());
  for (const auto& each : report.loads) loads.push_back(each.value_or(model::SlotLoad{}));
  const model::SkewReport skew =
      model::skew(report.map, known, loads, static_cast<std::size_t>(request.hottest));
  Reply reply;
  reply.users_max_to_mean = skew.users_max_to_mean;
  reply.writes_max_to_mean = skew.writes_max_to_mean;
  for (const model::ShardLoad& each : skew.shards)
    reply.shards.push_back({text_of(each.shard), each.slots, each.load.users, each.load.writes});
  for (const model::HotSlot& each : skew.most_users) reply.most_users.push_back(shown(each));
  for (const model::HotSlot& each : skew.most_writes) reply.most_writes.push_back(shown(each));
  return reply;
}

}  // namespace muster::ops
