// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/sharded_store.hpp"

#include "adapters/sharded/claims.hpp"
#include "adapters/sharded/fan_out.hpp"
#include "adapters/sharded/role_gate.hpp"
#include "adapters/sharded/sharded_unit.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <charconv>

namespace muster::sharded {
namespace {

using ports::Home;
using ports::Unit;

/// How often a unit runs because of what others do at the same time.
constexpr int runs_max = 12;
constexpr std::size_t grants_removed_at_a_time = 500;
constexpr std::chrono::seconds tending_interval{5};

bool is_stale_map(const Status& status) {
  return !status && status.error().detail.find(ports::slot_not_owned) != std::string::npos;
}

/// Whether it may yet have been kept.
bool is_outcome_open(const Status& status, const Attempt& attempt) {
  return !status && !attempt.refused_itself && status.error().code != ErrorCode::overloaded;
}

Error busy() {
  return Error{ErrorCode::unavailable,
               "others are changing the same data; try again",
               "a unit asked for something new each time it ran",
               {},
               std::chrono::seconds(1)};
}

std::string text_of(const Home& home) {
  switch (home.kind) {
    case Home::Kind::catalog:
      return "catalog";
    case Home::Kind::user:
      return "user:" + home.user_id.text();
    case Home::Kind::part:
      return "part:" + std::to_string(home.index);
  }
  return {};
}

std::optional<Home> home_of(std::string_view text) {
  constexpr std::string_view user = "user:";
  constexpr std::string_view part = "part:";
  if (text.starts_with(user)) {
    const auto id = UserId::parse(text.substr(user.size()));
    return id ? std::optional(Home::of(*id)) : std::nullopt;
  }
  if (text.starts_with(part)) {
    std::size_t index = 0;
    std::from_chars(text.data() + part.size(), text.data() + text.size(), index);
    return Home::part(index);
  }
  return Home::catalog();
}

/// A unit that did not write to its user's slot was not fenced off, and what it found may be a former
/// owner's.
Status check_home(const Layout& layout, const Home& home, Unit& local, const Attempt& attempt) {
  if (home.kind != Home::Kind::user) return {};
  const std::uint32_t slot = model::slot_of(home.user_id);
  const bool is_fenced = std::any_of(attempt.changed.begin(), attempt.changed.end(),
                                     [&](const ports::SlotPosition& each) { return each.slot == slot; });
  return is_fenced ? Status{} : layout.check_owned(local, slot);
}

std::vector<HeldName> names_reserved(const Attempt& attempt) {
  std::vector<HeldName> names;
  for (const auto& [wish, answer] : attempt.answers)
    if (answer) names.push_back({wish.name, wish.user, *answer});
  return names;
}

std::vector<HeldName> names_reserved_in_vain(const Attempt& attempt) {
  std::vector<HeldName> names = names_reserved(attempt);
  if (names.size() == attempt.committed.size()) return {};
  std::set<Wish> committed;
  for (const HeldName& each : attempt.committed) committed.insert({each.name, each.user});
  std::erase_if(names, [&](const HeldName& each) { return committed.contains({each.name, each.user}); });
  return names;
}

/// Until it is gone.
std::shared_ptr<void> count_bulk(const Surroundings& surroundings) {
  ++*surroundings.bulk_units;
  return {surroundings.bulk_units.get(), [units = surroundings.bulk_units](void*) { --*units; }};
}

void warn(const char* what, const Status& status) {
  if (!status)
    log::warn("{}: {} {}; it will be done later", what, status.error().message, status.error().detail);
}

}  // namespace

Result<std::unique_ptr<ShardedStore>> ShardedStore::open(ShardedOptions options) {
  MUSTER_TRY(auto shards, Shards::open(std::move(options)));
  return std::make_unique<ShardedStore>(std::move(shards));
}

ShardedStore::ShardedStore(std::unique_ptr<Shards> shards)
    : shards_(std::move(shards)),
      relay_([this] { return shards_->now(); },
             is_shared() ? Relay::Writers::several : Relay::Writers::this_process),
      tender_(tending_interval, [this] { tend(*shards_->now()); }) {}

Status ShardedStore::read(const Home& home, const ports::Freshness& freshness,
                          const std::function<Status(Unit&)>& work) {
  const ports::Freshness wanted = with_own_changes(home, freshness);
  Status status = read_at(*shards_->now(), home, wanted, work);
  if (is_stale_map(status) && shards_->refresh()) status = read_at(*shards_->now(), home, wanted, work);
  return status;
}

Status ShardedStore::read_at(const Layout& layout, const Home& home, const ports::Freshness& freshness,
                             const std::function<Status(Unit&)>& work) {
  Database& database = layout.at(home);
  if (layout.is_whole()) return database.store->read(home, freshness, work);
  return database.store->read(home, freshness, [&](Unit& local) -> Status {
    ShardedUnit unit(layout, relay_, home, local, nullptr, freshness.recency);
    Status status = work(unit);
    // After it: who finds the slot to be here has not looked at what a former owner still has. That a user is
    // not there may be because the slot is not.
    if (home.kind == Home::Kind::user && freshness.recency == ports::Recency::strict)
      MUSTER_CHECK_OK(layout.check_owned(local, model::slot_of(home.user_id)));
    return status;
  });
}

ports::Freshness ShardedStore::with_own_changes(const Home& home, const ports::Freshness& freshness) const {
  ports::Freshness wanted = freshness;
  if (wanted.recency == ports::Recency::strict || home.kind != Home::Kind::user) return wanted;
  const std::uint32_t slot = model::slot_of(home.user_id);
  if (const std::int64_t seq = written_.of(slot); seq > 0) wanted.at_least.push_back({slot, seq});
  return wanted;
}

Status ShardedStore::write(const Home& home, const std::function<Status(Unit&)>& work) {
  Attempt attempt;
  bool is_refreshed = false;
  for (int run = 0; run < runs_max; ++run) {
    const auto layout = shards_->now();
    attempt.begin_run();
    // Until it runs.
    attempt.refused_itself = true;
    Status status =
        layout->is_whole() ? run_whole(*layout, work, attempt) : run_at(*layout, home, work, attempt);
    const bool is_to_run_again = attempt.wishes_anything();
    if (is_to_run_again) status = prepare(*layout, attempt);
    if (is_stale_map(status) && !is_refreshed) {
      is_refreshed = true;
      if (shards_->refresh()) continue;
    }
    if (is_to_run_again && status) continue;
    conclude(*layout, layout->at(home).id, status, attempt);
    return status;
  }
  Status given_up = fail(busy());
  const auto layout = shards_->now();
  conclude(*layout, layout->at(home).id, given_up, attempt);
  return given_up;
}

Status ShardedStore::run_whole(const Layout& layout, const std::function<Status(Unit&)>& work,
                               Attempt& attempt) {
  return layout.catalog().store->write([&](Unit& unit) -> Status {
    Status status = work(unit);
    attempt.changed = unit.slots().changed();
    return status;
  });
}

Status ShardedStore::run_at(const Layout& layout, const Home& home, const std::function<Status(Unit&)>& work,
                            Attempt& attempt) {
  return layout.at(home).store->write(home, [&](Unit& local) -> Status {
    attempt.begin_run();
    Status status;
    {
      ShardedUnit unit(layout, relay_, home, local, &attempt);
      status = work(unit);
    }
    attempt.changed = local.slots().changed();
    if (Status owned = check_home(layout, home, local, attempt); !owned) status = std::move(owned);
    // A unit that failed by itself needs nothing: what it decided without is what it answers. But a name
    // that it took to be free may not be.
    if (!status && attempt.wishes.empty() && !attempt.fenced) attempt.begin_run();
    attempt.refused_itself = !status;
    if (!attempt.wishes_anything()) return status;
    attempt.refused_itself = true;
    return fail(ErrorCode::conflict, "the unit is to run again");
  });
}

Status ShardedStore::prepare(const Layout& layout, Attempt& attempt) {
  if (attempt.wishes.size() >= bulk_names_min && !attempt.bulk)
    attempt.bulk = count_bulk(*layout.surroundings);
  if (attempt.fenced) {
    // What was reserved was given up by others, who thought it left behind.
    warn("names that were reserved too long", cancel_names(layout, names_reserved(attempt)));
    attempt.answers.clear();
    return {};
  }
  if (attempt.wishes_to_change_roles) {
    MUSTER_TRY(attempt.role_change, close_role_gates(layout));
  }
  if (attempt.role_change_awaited) MUSTER_CHECK_OK(await_role_change(layout, *attempt.role_change_awaited));
  if (!attempt.holds_wished.empty()) MUSTER_CHECK_OK(find_holds(layout, attempt.holds_wished, attempt.holds));
  if (!attempt.wishes.empty()) MUSTER_CHECK_OK(reserve_names(layout, attempt.wishes, attempt.answers));
  if (attempt.revocations_wished.empty()) return {};
  attempt.revocations.resize(attempt.revocations_used);
  std::vector<model::Revocation> appended;
  const auto append = [&](Unit& unit) -> Status {
    appended = attempt.revocations_wished;
    for (model::Revocation& each : appended) MUSTER_CHECK_OK(unit.revocations().append(each));
    return {};
  };
  MUSTER_CHECK_OK(layout.catalog().store->write(append));
  attempt.revocations.insert(attempt.revocations.end(), appended.begin(), appended.end());
  return {};
}

void ShardedStore::conclude(const Layout& layout, model::ShardId home, const Status& status,
                            const Attempt& attempt) {
  if (attempt.posted) relay_.notify(home);
  if (status) {
    for (const ports::SlotPosition& each : attempt.changed) written_.raise(each.slot, each.seq);
    confirm(layout, attempt);
    warn("names that were given up", release_names(layout, attempt.released));
    for (const std::string& role : attempt.removed_roles)
      warn("grants of a role that was deleted", remove_grants(layout, role));
  }
  if (!status && attempt.role_change)
    warn("a change of roles that was not made", give_up_role_change(layout, *attempt.role_change));
  if (status || is_outcome_open(status, attempt)) return;
  (void)cancel(layout, names_reserved(attempt));
}

void ShardedStore::confirm(const Layout& layout, const Attempt& attempt) {
  const Status cancelled = cancel(layout, names_reserved_in_vain(attempt));
  warn("names of users that were kept",
       cancelled ? confirm_all_names(layout, attempt.committed) : confirm_names(layout, attempt.committed));
}

Status ShardedStore::cancel(const Layout& layout, const std::vector<HeldName>& names) {
  // What there is no room for lapses.
  constexpr std::size_t remembered_max = 20'000;
  Status cancelled = cancel_names(layout, names);
  warn("names that were reserved in vain", cancelled);
  if (cancelled) return cancelled;
  const std::lock_guard lock(uncancelled_mutex_);
  if (uncancelled_.size() + names.size() <= remembered_max)
    uncancelled_.insert(uncancelled_.end(), names.begin(), names.end());
  return cancelled;
}

void ShardedStore::cancel_again(const Layout& layout) {
  std::vector<HeldName> names;
  {
    const std::lock_guard lock(uncancelled_mutex_);
    names.swap(uncancelled_);
  }
  if (!names.empty()) (void)cancel(layout, names);
}

Status ShardedStore::remove_grants(const Layout& layout, const std::string& role) {
  std::int64_t change = 0;
  MUSTER_CHECK_OK(layout.catalog().store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(change, role_changes(unit));
    return {};
  }));
  for (const auto& database : layout.databases) {
    for (bool more = true; more;) {
      const auto remove_some = [&](Unit& unit) -> Status {
        if (database.get() != &layout.catalog()) MUSTER_CHECK_OK(raise_role_gate(unit, change));
        MUSTER_TRY(const auto members, unit.grants().members(role, std::nullopt, grants_removed_at_a_time));
        for (const ports::Member& each : members) MUSTER_CHECK_OK(unit.grants().remove(each.user, role));
        more = members.size() == grants_removed_at_a_time;
        return {};
      };
      MUSTER_CHECK_OK(database->store->write(remove_some));
    }
  }
  return layout.catalog().store->write([&](Unit& unit) -> Status {
    MUSTER_TRY(auto names, removed_roles(unit));
    names.erase(role);
    return put_removed_roles(unit, names);
  });
}

void ShardedStore::tend(const Layout& layout) {
  if (layout.is_whole()) return;
  for (const auto& database : layout.databases)
    if (database->late != nullptr) warn("a shard that could not be opened", database->late->try_open());
  cancel_again(layout);
  for (const auto& database : layout.databases) {
    const auto recovered = recover_part(layout, *database);
    if (recovered) continue;
    warn("claims of names", fail(recovered.error()));
    if (is_stale_map(fail(recovered.error()))) warn("the map of slots", shards_->refresh());
  }
  warn("records that were passed on", forget_passed_on(layout));
  std::set<std::string> roles;
  const Status looked = layout.catalog().store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(roles, removed_roles(unit));
    return {};
  });
  warn("grants of roles that were deleted", looked);
  for (const std::string& role : roles)
    warn("grants of a role that was deleted", remove_grants(layout, role));
}

std::vector<Home> ShardedStore::parts() const {
  std::vector<Home> parts;
  for (std::size_t i = 0; i < shards_->now()->databases.size(); ++i) parts.push_back(Home::part(i));
  return parts;
}

std::vector<Status> ShardedStore::read_parts(const std::function<Status(std::size_t part, Unit&)>& work) {
  constexpr std::size_t at_once_max = 8;
  const std::vector<Home> homes = parts();
  std::vector<Status> statuses(homes.size());
  fan_out(homes.size(), at_once_max, [&](std::size_t i) {
    statuses[i] = read(homes[i], ports::Freshness{}, [&](Unit& unit) { return work(i, unit); });
  });
  return statuses;
}

Home ShardedStore::part_of(UserId user) const {
  return Home::part(shards_->now()->part_of(user));
}

Result<Home> ShardedStore::settle_home(const std::string& key, Time expires_at, const Home& proposed) {
  const auto layout = shards_->now();
  if (layout->is_whole()) return proposed;
  const std::string name = "home:" + key;
  std::optional<Home> home;
  const Status settled = layout->catalog().store->write([&](Unit& unit) -> Status {
    home = proposed;
    MUSTER_TRY(const auto stored, unit.idempotency().find(name));
    if (!stored) return unit.idempotency().put(name, {text_of(proposed), "", expires_at});
    home = home_of(stored->request_hash);
    return {};
  });
  if (!settled) return fail(settled.error());
  return home.value_or(proposed);
}

ports::StoreHealth ShardedStore::health() {
  const auto layout = shards_->now();
  ports::StoreHealth health = layout->catalog().store->health();
  for (std::size_t i = 1; i < layout->databases.size(); ++i) {
    const ports::StoreHealth part = layout->databases[i]->store->health();
    if (part.writable) continue;
    if (!health.reason.empty()) health.reason += "; ";
    health.reason += "shard " + std::to_string(layout->databases[i]->id.value) + ": " + part.reason;
  }
  return health;
}

ports::StoreCounters ShardedStore::counters() const {
  ports::StoreCounters sum;
  for (const auto& database : shards_->now()->databases) {
    const ports::StoreCounters each = database->store->counters();
    sum.commits += each.commits;
    sum.writes += each.writes;
    sum.writes_failed += each.writes_failed;
    sum.writes_run_again += each.writes_run_again;
    sum.queue_length += each.queue_length;
    sum.reads += each.reads;
    sum.reads_waited += each.reads_waited;
    sum.read_wait += each.read_wait;
    sum.readers_in_use += each.readers_in_use;
  }
  return sum;
}

Status ShardedStore::backup(const std::string& path,
                            const std::function<bool(std::int64_t, std::int64_t)>& progress) {
  const auto layout = shards_->now();
  if (layout->is_whole()) return layout->catalog().store->backup(path, progress);
  return fail(ErrorCode::precondition_failed,
              "the data is spread over several databases: back up each with its own tools");
}

Status ShardedStore::verify_backup(const std::string& path) {
  return shards_->now()->catalog().store->verify_backup(path);
}

Result<std::optional<std::string>> ShardedStore::fact_of_backup(const std::string& path,
                                                                const std::string& name) {
  return shards_->now()->catalog().store->fact_of_backup(path, name);
}

Status ShardedStore::maintain() {
  Status first;
  for (const auto& database : shards_->now()->databases)
    if (Status done = database->store->maintain(); !done && first) first = std::move(done);
  return first;
}

}  // namespace muster::sharded
