// SPDX-License-Identifier: Apache-2.0
#include "ops/shards_change.hpp"

#include "ops/context.hpp"
#include "ops/shards.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

bool owns_slots(const model::SlotMap& map, model::ShardId shard) {
  return std::any_of(map.owners.begin(), map.owners.end(),
                     [&](const model::SlotOwner& owner) { return owner.shard == shard; });
}

/// Neighbours that go the same way are one range.
std::vector<SlotMoveRange> ranges_of(const std::vector<model::SlotMove>& moves) {
  std::vector<SlotMoveRange> ranges;
  for (const model::SlotMove& move : moves) {
    const std::string to = std::to_string(move.to.value);
    const auto slot = static_cast<std::int64_t>(move.slot);
    const bool goes_on = !ranges.empty() && ranges.back().to == to && ranges.back().last + 1 == slot;
    if (!goes_on) ranges.push_back({slot, slot, 0, std::to_string(move.from.value), to});
    ranges.back().last = slot;
    ++ranges.back().slots;
  }
  return ranges;
}

Result<std::vector<model::SlotMove>> plan_drain(const ports::ShardingReport& report, model::ShardId from) {
  std::vector<model::ShardId> to;
  for (const ports::ShardReport& each : report.shards) {
    // A catalog that users were never to be in does not get them now.
    if (each.is_catalog && !owns_slots(report.map, each.id)) continue;
    if (each.id != from) to.push_back(each.id);
  }
  if (!owns_slots(report.map, from)) return std::vector<model::SlotMove>{};
  if (to.empty())
    return fail(ErrorCode::precondition_failed, "there is no other shard to move to: add one first");
  return model::drain_plan(report.map, from, to);
}

Status check_scheme(const std::string& dsn) {
  if (dsn.starts_with("sqlite:///") || dsn.starts_with("mysql://")) return {};
  return fail(Error::invalid("dsn", "must be sqlite:///path or mysql://user@host:port/database"));
}

}  // namespace

Result<AddShard::Reply> AddShard::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(ports::Sharding* const sharding, sharding_of(context));
  MUSTER_CHECK_OK(check_scheme(request.dsn));
  // What is refused is refused in the unit, behind the look whether this is the same request once more.
  std::optional<Error> refused;
  std::unique_ptr<ports::ShardAddition> addition;
  if (call.dry_run) {
    for (const ports::ShardReport& each : sharding->look().shards)
      if (each.dsn == request.dsn)
        refused = Error{ErrorCode::already_exists, request.dsn + ": is a shard already", {}, {}, {}};
  } else {
    auto prepared = sharding->prepare_to_add(request.dsn);
    if (prepared)
      addition = std::move(*prepared);
    else
      refused = std::move(prepared).error();
  }
  auto reply = call.commit<Reply>(context, ports::Home::catalog(),
                                  [&](ports::Unit& unit, Change& change) -> Result<Reply> {
                                    if (refused) return fail(*refused);
                                    Reply added{"", request.dsn, 0};
                                    change.planned_target = "shard:" + request.dsn;
                                    change.target = *change.planned_target;
                                    if (addition == nullptr) return added;
                                    MUSTER_TRY(const model::ShardId id, addition->record(unit));
                                    added.id = std::to_string(id.value);
                                    change.target = "shard:" + added.id;
                                    change.after = wire::encode(added);
                                    return added;
                                  });
  if (!reply || addition == nullptr || call.replayed_reply) return reply;
  if (const Status finished = addition->finish(); !finished)
    return fail(ErrorCode::unavailable,
                "shard " + reply->id + " is recorded, but could not be made ready: " +
                    finished.error().message + "; restart musterd to go on",
                finished.error().detail);
  return reply;
}

Result<DrainShard::Reply> DrainShard::run(Context& context, Call& call, const Request& request) {
  MUSTER_TRY(ports::Sharding* const sharding, sharding_of(context));
  const ports::ShardingReport report = sharding->look();
  MUSTER_TRY(const model::ShardId from, find_shard(report, request.id));
  MUSTER_TRY(const auto moves, plan_drain(report, from));
  return call.commit<Reply>(context, ports::Home::catalog(),
                            [&](ports::Unit& /*unit*/, Change& change) -> Result<Reply> {
                              Reply reply{ranges_of(moves)};
                              if (moves.empty()) return reply;
                              if (!call.dry_run)
                                return fail(ErrorCode::precondition_failed,
                                            "moving slots is not in this version: --dry-run shows what "
                                            "would move; nothing was done");
                              change.target = "shard:" + request.id;
                              change.after = wire::encode(reply);
                              change.count = static_cast<std::int64_t>(moves.size());
                              return reply;
                            });
}

}  // namespace muster::ops
