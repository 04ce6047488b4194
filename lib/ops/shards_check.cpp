// SPDX-License-Identifier: Apache-2.0
#include "ops/shards_check.hpp"

#include "ops/context.hpp"
#include "ops/invoke.hpp"
#include "ops/job_runner.hpp"
#include "ops/new_job.hpp"
#include "ops/shards.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

using ports::CheckPlace;
using ports::NameFault;
using ports::NameFaultKind;

constexpr std::size_t faults_shown_max = 100;
/// Every user has a username, and is looked at from both sides.
constexpr std::int64_t looks_per_user = 2;

/// What is kept so that the job can go on.
struct Checkpoint {
  ShardVerdict verdict;
  std::int64_t phase = 0;
  std::int64_t shard = 0;
  std::int64_t kind = 0;
  std::string name;
  std::int64_t user = 0;

  static constexpr auto fields() {
    using Self = Checkpoint;
    return std::tuple{field("verdict", &Self::verdict, ""), field("phase", &Self::phase, ""),
                      field("shard", &Self::shard, ""),     field("kind", &Self::kind, ""),
                      field("name", &Self::name, ""),       field("user", &Self::user, "")};
  }
};

CheckPlace place_of(const Checkpoint& kept) {
  CheckPlace place;
  place.phase = static_cast<CheckPlace::Phase>(kept.phase);
  place.shard.value = static_cast<std::uint32_t>(kept.shard);
  if (kept.kind != 0) place.name = ports::Name{static_cast<model::NameKind>(kept.kind), kept.name};
  place.user.value = kept.user;
  return place;
}

Checkpoint checkpoint(const ShardVerdict& verdict, const CheckPlace& place) {
  Checkpoint kept;
  kept.verdict = verdict;
  kept.phase = static_cast<std::int64_t>(place.phase);
  kept.shard = place.shard.value;
  if (place.name) {
    kept.kind = static_cast<std::int64_t>(place.name->kind);
    kept.name = place.name->value;
  }
  kept.user = place.user.value;
  return kept;
}

const char* word(NameFaultKind fault) {
  switch (fault) {
    case NameFaultKind::orphan:
      return "orphan";
    case NameFaultKind::missing:
      return "missing";
    case NameFaultKind::duplicate:
      return "duplicate";
    case NameFaultKind::overdue:
      return "overdue";
  }
  return "orphan";
}

const char* word(model::NameKind kind) {
  if (kind == model::NameKind::username) return "username";
  return kind == model::NameKind::email ? "email" : "phone";
}

std::int64_t& count_of(ShardVerdict& verdict, NameFaultKind fault) {
  switch (fault) {
    case NameFaultKind::orphan:
      return verdict.orphans;
    case NameFaultKind::missing:
      return verdict.missing;
    case NameFaultKind::duplicate:
      return verdict.duplicates;
    case NameFaultKind::overdue:
      break;
  }
  return verdict.overdue;
}

void add(ShardVerdict& verdict, const ports::CheckStep& step) {
  verdict.names += step.names;
  verdict.users += step.users;
  for (const NameFault& each : step.faults) {
    ++count_of(verdict, each.kind);
    ++(each.repaired ? verdict.repaired : verdict.remaining);
    if (verdict.faults.size() < faults_shown_max)
      verdict.faults.push_back(
          {word(each.kind), word(each.name.kind), each.name.value, each.user, each.other, each.repaired});
  }
  verdict.ok = verdict.remaining == 0;
}

std::int64_t looks_expected(ports::Sharding& sharding) {
  std::int64_t users = 0;
  for (const auto& each : sharding.look().loads) users += each ? each->users : 0;
  return users * looks_per_user;
}

}  // namespace

Result<CheckShards::Reply> CheckShards::run(Context& context, Call& call, const Request& request) {
  constexpr OperationInfo repairing{.needs = "migrate:shard"};
  MUSTER_CHECK_OK(sharding_of(context));
  if (request.repair) MUSTER_CHECK_OK(authorize(context, call, repairing, std::nullopt));
  return start_job(context, call, "shard_check", JsonObject{wire::encode(request)});
}

Result<JsonObject> check_shards(Context& context, JobControl& control, const model::Job& job) {
  MUSTER_TRY(ports::Sharding* const sharding, sharding_of(context));
  MUSTER_TRY(const auto json, wire::parse_json(job.parameters.text));
  MUSTER_TRY(const auto request, wire::decode<CheckShards::Request>(json));
  const auto repair = request.repair ? ports::Repair::yes : ports::Repair::no;
  Checkpoint kept;
  if (job.result) {
    MUSTER_TRY(const auto state, wire::parse_json(job.result->text));
    MUSTER_TRY(kept, wire::decode<Checkpoint>(state));
  }
  ShardVerdict verdict = kept.verdict;
  const std::int64_t expected = looks_expected(*sharding);
  for (std::optional<CheckPlace> place = place_of(kept); place;) {
    MUSTER_TRY(const ports::CheckStep step, sharding->check(*place, repair));
    add(verdict, step);
    place = step.next;
    const std::int64_t done = verdict.names + verdict.users;
    if (!control.report(done, std::max(done, expected)))
      return fail(ErrorCode::unavailable, "the job was interrupted");
    if (place)
      MUSTER_CHECK_OK(
          control.checkpoint(JsonObject{wire::encode(checkpoint(verdict, *place))}, Keep::now_and_then));
  }
  return JsonObject{wire::encode(verdict)};
}

}  // namespace muster::ops
