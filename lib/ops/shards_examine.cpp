// SPDX-License-Identifier: Apache-2.0
#include "ops/shards_examine.hpp"

#include "ops/context.hpp"
#include "ops/shards.hpp"

namespace muster::ops {
namespace {

std::optional<std::string> if_any(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

ExaminedShard shown(ports::ShardExamination examination) {
  ExaminedShard shard;
  shard.id = std::to_string(examination.id.value);
  if (!examination.found) {
    shard.state = "unreachable";
    shard.reason = examination.found.error().message;
    return shard;
  }
  ports::Examination& found = *examination.found;
  const bool is_current = found.schema_version == found.schema_newest;
  shard.state = found.faults.empty() ? "ok" : "faulty";
  shard.engine = std::move(found.engine);
  shard.schema = is_current ? "current" : found.schema_version < found.schema_newest ? "older" : "newer";
  shard.schema_version = found.schema_version;
  shard.schema_newest = found.schema_newest;
  shard.statements = found.statements;
  for (ports::PlanFault& each : found.faults)
    shard.faults.push_back({std::move(each.statement), if_any(std::move(each.table)), std::move(each.problem),
                            if_any(std::move(each.remedy))});
  return shard;
}

}  // namespace

Result<ExamineShards::Reply> ExamineShards::run(Context& context, Call& /*call*/,
                                                const Request& /*request*/) {
  MUSTER_TRY(ports::Sharding* const sharding, sharding_of(context));
  Reply reply;
  for (ports::ShardExamination& each : sharding->examine()) reply.items.push_back(shown(std::move(each)));
  return reply;
}

}  // namespace muster::ops
