// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/operated_shards.hpp"

#include "adapters/sharded/check.hpp"
#include "adapters/sharded/fan_out.hpp"

namespace muster::sharded {
namespace {

constexpr std::size_t asked_at_once_max = 16;
constexpr std::chrono::seconds sampling_interval{10};

struct Seen {
  ports::ShardReport report;
  std::vector<ports::SlotRow> slots;
  model::SlotMap map;  ///< Of the catalog, if there is one.
};

ports::ShardReport known_of(Database& database) {
  ports::ShardReport report;
  report.id = database.id;
  report.dsn = database.dsn;
  report.is_catalog = database.id == catalog_id;
  report.health = database.store->health();
  report.counters = database.store->counters();
  return report;
}

Seen ask(Database& database) {
  Seen answer;
  answer.report = known_of(database);
  const Status asked = database.store->read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(answer.slots, unit.slots().slots());
    if (!answer.report.is_catalog) return {};
    MUSTER_TRY(answer.map, unit.slots().map());
    return {};
  });
  if (!asked) answer.report.unreachable = asked.error().message;
  return answer;
}

class Addition final : public ports::ShardAddition {
 public:
  Addition(Shards& shards, NewShard added) : shards_(shards), added_(std::move(added)) {}

  Result<model::ShardId> record(ports::Unit& unit) override {
    MUSTER_CHECK_OK(shards_.record(unit, added_));
    return added_.row.id;
  }
  Status finish() override { return shards_.finish(added_); }

 private:
  Shards& shards_;
  NewShard added_;
};

}  // namespace

OperatedShards::OperatedShards(Shards& shards)
    : shards_(shards), sampler_(sampling_interval, [this] { sample(); }) {}

void OperatedShards::sample() {
  const auto layout = shards_.now();
  fan_out(layout->databases.size(), asked_at_once_max, [&](std::size_t i) {
    std::int64_t changes = 0;
    const Status asked = layout->databases[i]->store->read([&](ports::Unit& unit) -> Status {
      MUSTER_TRY(changes, unit.slots().changes());
      return {};
    });
    if (asked) rates_.note(layout->databases[i]->id.value, changes);
  });
}

std::vector<ports::ShardReport> OperatedShards::overview() {
  std::vector<ports::ShardReport> reports;
  for (const auto& each : shards_.now()->databases) {
    reports.push_back(known_of(*each));
    reports.back().writes_per_second = rates_.of(each->id.value);
  }
  return reports;
}

ports::ShardingReport OperatedShards::look() {
  const auto layout = shards_.now();
  std::vector<Seen> answers(layout->databases.size());
  fan_out(answers.size(), asked_at_once_max, [&](std::size_t i) { answers[i] = ask(*layout->databases[i]); });
  ports::ShardingReport out;
  // What the catalog says now: this daemon's copy is only a hint.
  out.map = layout->map;
  if (!answers.front().map.owners.empty()) out.map = std::move(answers.front().map);
  out.loads.resize(model::slot_count);
  for (Seen& answer : answers) {
    std::int64_t changes = 0;
    for (const ports::SlotRow& row : answer.slots) {
      changes += row.seq;
      const model::SlotOwner& owner = out.map.owners[row.slot];
      const bool should_own = owner.shard == answer.report.id;
      if (should_own != row.owned || (row.owned && row.epoch != owner.epoch)) ++answer.report.slots_at_odds;
      if (should_own) out.loads[row.slot] = model::SlotLoad{row.users, row.seq};
    }
    if (!answer.report.unreachable) {
      rates_.note(answer.report.id.value, changes);
      answer.report.writes_per_second = rates_.of(answer.report.id.value);
    }
    out.shards.push_back(std::move(answer.report));
  }
  return out;
}

std::vector<ports::ShardExamination> OperatedShards::examine() {
  const auto layout = shards_.now();
  std::vector<ports::ShardExamination> all(layout->databases.size());
  fan_out(all.size(), asked_at_once_max, [&](std::size_t i) {
    Database& database = *layout->databases[i];
    all[i] = {database.id, database.store->examine()};
  });
  return all;
}

Result<std::unique_ptr<ports::ShardAddition>> OperatedShards::prepare_to_add(const std::string& dsn) {
  MUSTER_TRY(NewShard added, shards_.prepare_to_add(dsn));
  return std::make_unique<Addition>(shards_, std::move(added));
}

Result<ports::CheckStep> OperatedShards::check(const ports::CheckPlace& place, ports::Repair repair) {
  return check_names(*shards_.now(), place, repair);
}

}  // namespace muster::sharded
