// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/claims.hpp"

#include "adapters/sharded/wait.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace muster::sharded {
namespace {

using ports::Home;
using ports::Unit;

constexpr std::size_t recovered_at_a_time = 200;
constexpr std::size_t batches_at_a_time = 8;
/// How often a reservation in the way is settled before whoever asks is told to come again. Those who are at
/// work on it are given time to end it: twice as much each time.
constexpr int settlings_max = 4;
constexpr std::chrono::milliseconds first_wait{20};

/// Fewer names of one kind in one database are not worth a batch.
constexpr std::size_t batch_names_min = 4;

std::size_t database_of(const Layout& layout, const ports::Name& name) {
  return layout.database_of_slot[model::slot_of_name(name.kind, name.value)];
}

bool have_different_users(const std::vector<std::size_t>& places, const std::vector<Wish>& wishes) {
  std::set<UserId> users;
  return std::all_of(places.begin(), places.end(),
                     [&](std::size_t place) { return users.insert(wishes[place].user).second; });
}

/// For each wish one that was never used: 61 random bits.
std::vector<model::ClaimId> new_claims(const Layout& layout, const std::vector<Wish>& wishes) {
  std::vector<model::ClaimId> claims(wishes.size());
  const auto random = layout.surroundings->entropy.bytes(wishes.size() * sizeof(std::uint64_t));
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, random.data() + i * sizeof bits, sizeof bits);
    claims[i].value = static_cast<std::int64_t>((bits >> 3U) + 1) * 2;
  }
  std::map<std::pair<std::size_t, model::NameKind>, std::vector<std::size_t>> together;
  for (std::size_t i = 0; i < wishes.size(); ++i)
    together[{database_of(layout, wishes[i].name), wishes[i].name.kind}].push_back(i);
  for (const auto& [where, places] : together) {
    if (places.size() < batch_names_min || !have_different_users(places, wishes)) continue;
    const model::ClaimId claim{claims[places.front()].value + 1};
    for (const std::size_t place : places) claims[place] = claim;
  }
  return claims;
}

/// The names by the database of their lookup row, in a fixed order.
template <class Item>
std::vector<std::pair<Database*, std::vector<const Item*>>> by_database(const Layout& layout,
                                                                        const std::vector<Item>& items) {
  std::vector<std::pair<Database*, std::vector<const Item*>>> out;
  for (const auto& database : layout.databases) {
    std::vector<const Item*> here;
    for (const Item& each : items)
      if (&layout.owner_of(each.name) == database.get()) here.push_back(&each);
    std::sort(here.begin(), here.end(), [](const Item* a, const Item* b) { return a->name < b->name; });
    if (!here.empty()) out.emplace_back(database.get(), std::move(here));
  }
  return out;
}

Error being_taken() {
  return Error{ErrorCode::unavailable,
               "a name is just being taken by somebody else, or was; try again",
               "a reservation is in the way that is not due yet",
               {},
               std::chrono::seconds(1)};
}

/// Notes what came of a reservation; false: a row stands in its way, which is to be settled first.
bool is_answered(const NameTask& task, std::map<Wish, Answer>& answers) {
  const Wish wish{task.held.name, task.held.user};
  switch (*task.reservation) {
    case model::Reservation::insert:
    case model::Reservation::already:
      answers[wish] = task.held.claim;
      return true;
    case model::Reservation::taken:
      // By one who may never get it: then it is not known yet.
      if (task.found->is_pending()) return false;
      answers[wish] = std::nullopt;
      return true;
    case model::Reservation::own_already:
    case model::Reservation::recover_first:
      return false;
  }
  return false;
}

/// Whether errands wait for others of the kind.
enum class Pace : std::uint8_t { at_once, patient };

Pace pace_of(std::size_t names) {
  return names >= bulk_names_min ? Pace::patient : Pace::at_once;
}

/// Has the clerks of all databases take their steps side by side. What one of them could not take fails with
/// the first such error; the steps of the others are taken.
Status take_steps(const Layout& layout, Pace pace, std::vector<NameTask>& tasks) {
  std::map<std::size_t, Errand> errands;
  for (NameTask& each : tasks) {
    errands[database_of(layout, each.held.name)].tasks.push_back(&each);
  }
  ErrandsLeft left(errands.size());
  {
    // Who comes first to one database comes first to all: of two who want the same names one gets them all.
    static std::mutex posting;
    const std::lock_guard lock(posting);
    for (auto& [database, errand] : errands) {
      errand.layout = &layout;
      errand.left = &left;
      errand.is_patient = pace == Pace::patient;
      layout.databases[database]->clerk().post(errand);
    }
  }
  const auto give_up = [&] {
    for (auto& [database, errand] : errands) layout.databases[database]->clerk().give_up_if_silent(errand);
  };
  give_up();
  left.wait(give_up);
  Status first;
  for (const auto& [database, errand] : errands)
    if (!errand.status && first) first = errand.status;
  return first;
}

Status take_steps(const Layout& layout, NameStep step, const std::vector<HeldName>& names) {
  if (names.empty()) return {};
  std::vector<NameTask> tasks;
  tasks.reserve(names.size());
  for (const HeldName& each : names) tasks.push_back({step, each, {}, {}});
  return take_steps(layout, Pace::at_once, tasks);
}

/// What the row's user knows of its claim, in the user's home.
Result<model::Holding> holding_of(Unit& unit, const ports::NamedRow& row) {
  model::Holding holding;
  MUSTER_TRY(holding.guard, unit.slots().guard(row.row.user, row.row.claim));
  MUSTER_TRY(const auto user, unit.slots().named_user(row.row.user));
  holding.has_name = user && user->has(row.name);
  return holding;
}

/// Inserts the guard that keeps the registrant from committing; what is to be done then.
Result<model::Fencing> fence_claim(const Layout& layout, const ports::NamedRow& row) {
  auto fencing = model::Fencing::cancel;
  const Status fenced = layout.owner_of(row.row.user).store->write([&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.slots().hold(row.row.user));
    MUSTER_TRY(const model::Holding holding, holding_of(unit, row));
    fencing = model::fence(holding);
    if (fencing != model::Fencing::insert_aborted) return {};
    return unit.slots().put_guard({row.row.user, row.row.claim, row.name, model::Guard::aborted});
  });
  if (!fenced) return fail(fenced.error());
  return fencing;
}

/// The lookup rows of the names, each database read once.
Result<std::map<ports::Name, model::NameRow>> find_rows(const Layout& layout,
                                                        const std::vector<HeldName>& names) {
  std::map<ports::Name, model::NameRow> rows;
  for (const auto& [database, here] : by_database(layout, names)) {
    std::vector<ports::Name> asked;
    std::set<std::uint32_t> slots;
    for (const HeldName* each : here) {
      asked.push_back(each->name);
      slots.insert(model::slot_of_name(each->name.kind, each->name.value));
    }
    const Status read = database->store->read([&](Unit& unit) -> Status {
      MUSTER_TRY(auto found, unit.slots().names_of(asked));
      for (const std::uint32_t slot : slots) MUSTER_CHECK_OK(layout.check_owned(unit, slot));
      rows.merge(found);
      return {};
    });
    if (!read) return fail(read.error());
  }
  return rows;
}

Status forget_guards(Database& home, const std::vector<ports::StoredGuard>& guards) {
  if (guards.empty()) return {};
  std::set<UserId> users;
  for (const ports::StoredGuard& each : guards) users.insert(each.user);
  return home.store->write([&](Unit& unit) -> Status {
    MUSTER_TRY(const auto stored, unit.slots().guards_of({users.begin(), users.end()}));
    std::vector<ports::StoredGuard> same;
    for (const ports::StoredGuard& each : stored)
      if (std::find(guards.begin(), guards.end(), each) != guards.end()) same.push_back(each);
    if (same.empty()) return {};
    return unit.slots().remove_guards(same);
  });
}

/// What is pending together will be recovered row by row. True: there may be more.
Result<bool> expand_due_batches(Database& database, Time at) {
  std::vector<model::ClaimId> claims;
  MUSTER_CHECK_OK(database.store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(claims, unit.slots().due_batches(at, batches_at_a_time));
    return {};
  }));
  for (const model::ClaimId claim : claims) {
    const auto expand = [&](Unit& unit) { return unit.slots().expand_batch(claim); };
    MUSTER_CHECK_OK(database.store->write(expand));
  }
  return claims.size() == batches_at_a_time;
}

/// The guards were found in `home`.
Status tend(const Layout& layout, Database& home, const std::vector<ports::StoredGuard>& guards) {
  std::vector<HeldName> names;
  names.reserve(guards.size());
  for (const ports::StoredGuard& each : guards) names.push_back({each.name, each.user, each.claim});
  MUSTER_TRY(const auto rows, find_rows(layout, names));
  std::vector<HeldName> released;
  std::vector<HeldName> cancelled;
  std::vector<ports::StoredGuard> forgotten;
  for (std::size_t i = 0; i < guards.size(); ++i) {
    const auto found = rows.find(guards[i].name);
    const auto row = found == rows.end() ? std::nullopt : std::optional(found->second);
    switch (model::tend(guards[i].guard, row, guards[i].user, guards[i].claim)) {
      case model::GuardStep::keep:
        break;
      case model::GuardStep::cancel:
        cancelled.push_back(names[i]);
        break;
      case model::GuardStep::release:
        released.push_back(names[i]);
        break;
      case model::GuardStep::forget:
        forgotten.push_back(guards[i]);
        break;
    }
  }
  MUSTER_CHECK_OK(release_names(layout, released));
  MUSTER_CHECK_OK(cancel_names(layout, cancelled));
  return forget_guards(home, forgotten);
}

}  // namespace

Status reserve_names(const Layout& layout, const std::set<Wish>& wishes, std::map<Wish, Answer>& answers) {
  std::vector<Wish> open(wishes.begin(), wishes.end());
  for (int settlings = 0; !open.empty(); ++settlings) {
    const auto claims = new_claims(layout, open);
    std::vector<NameTask> tasks;
    tasks.reserve(open.size());
    for (std::size_t i = 0; i < open.size(); ++i)
      tasks.push_back({NameStep::reserve, {open[i].name, open[i].user, claims[i]}, {}, {}});
    Status done = take_steps(layout, pace_of(wishes.size()), tasks);
    std::erase_if(tasks,
                  [&](const NameTask& each) { return !each.reservation || is_answered(each, answers); });
    if (!done) return done;
    if (!tasks.empty() && settlings == settlings_max) return fail(being_taken());
    if (!tasks.empty() && settlings > 0) wait_a_little(first_wait * (1 << settlings));
    open.clear();
    for (const NameTask& each : tasks) {
      const Wish wish{each.held.name, each.held.user};
      const bool is_own = each.reservation == model::Reservation::own_already;
      const Time due_by = is_own ? Time::max() : layout.surroundings->now();
      MUSTER_CHECK_OK(recover_name(layout, {wish.name, *each.found}, due_by));
      open.push_back(wish);
    }
  }
  return {};
}

Status find_holds(const Layout& layout, const std::set<Wish>& wishes, std::map<Wish, Hold>& holds) {
  std::vector<HeldName> names;
  for (const Wish& each : wishes) {
    // Before the rows: what a row says is compared with this version.
    MUSTER_CHECK_OK(layout.owner_of(each.user).store->read([&](Unit& unit) -> Status {
      MUSTER_TRY(const auto named, unit.slots().named_user(each.user));
      holds[each] = {named ? named->version : 0, std::nullopt};
      return layout.check_owned(unit, model::slot_of(each.user));
    }));
    names.push_back({each.name, each.user, {}});
  }
  MUSTER_TRY(const auto rows, find_rows(layout, names));
  for (const Wish& each : wishes)
    if (const auto row = rows.find(each.name); row != rows.end() && row->second.user == each.user)
      holds[each].claim = row->second.claim;
  return {};
}

Status confirm_names(const Layout& layout, const std::vector<HeldName>& names) {
  return take_steps(layout, NameStep::confirm, names);
}

Status confirm_all_names(const Layout& layout, const std::vector<HeldName>& names) {
  std::vector<HeldName> each_alone;
  std::map<std::pair<std::size_t, model::ClaimId>, std::vector<HeldName>> batches;
  for (const HeldName& each : names) {
    if (each.claim.is_of_batch())
      batches[{database_of(layout, each.name), each.claim}].push_back(each);
    else
      each_alone.push_back(each);
  }
  std::vector<NameTask> closings;
  closings.reserve(batches.size());
  for (const auto& [where, held] : batches) closings.push_back({NameStep::close, held.front(), {}, {}});
  const Status closed = closings.empty() ? Status{} : take_steps(layout, pace_of(names.size()), closings);
  std::size_t next = 0;
  for (const auto& [where, held] : batches)
    if (!closings[next++].closed) each_alone.insert(each_alone.end(), held.begin(), held.end());
  Status confirmed = confirm_names(layout, each_alone);
  return closed ? confirmed : closed;
}

Status release_names(const Layout& layout, const std::vector<HeldName>& names) {
  return take_steps(layout, NameStep::release, names);
}

Status cancel_names(const Layout& layout, const std::vector<HeldName>& names) {
  return take_steps(layout, NameStep::cancel, names);
}

Status recover_name(const Layout& layout, const ports::NamedRow& row, Time due_by) {
  const std::vector<HeldName> name{{row.name, row.row.user, row.row.claim}};
  model::Holding holding;
  MUSTER_CHECK_OK(layout.owner_of(row.row.user).store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(holding, holding_of(unit, row));
    return layout.check_owned(unit, model::slot_of(row.row.user));
  }));
  switch (model::recover(row.row, holding, due_by)) {
    case model::RecoveryStep::nothing:
    case model::RecoveryStep::not_due:
      return {};
    case model::RecoveryStep::confirm:
      return confirm_names(layout, name);
    case model::RecoveryStep::cancel:
      return cancel_names(layout, name);
    case model::RecoveryStep::release:
      return release_names(layout, name);
    case model::RecoveryStep::fence:
      break;
  }
  MUSTER_TRY(const model::Fencing fencing, fence_claim(layout, row));
  return fencing == model::Fencing::confirm ? confirm_names(layout, name) : cancel_names(layout, name);
}

Result<bool> recover_part(const Layout& layout, Database& database) {
  const Time at = layout.surroundings->now();
  std::vector<ports::NamedRow> rows;
  std::vector<ports::StoredGuard> guards;
  // Some guards stay: the next time begins behind them.
  const std::lock_guard tending(database.tending);
  MUSTER_TRY(const bool has_more_batches, expand_due_batches(database, at));
  const Tended from = database.tended;
  MUSTER_CHECK_OK(database.store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(rows, unit.slots().pending_names(at, recovered_at_a_time));
    MUSTER_TRY(guards,
               unit.slots().guards(model::Guard::released, from.user, from.claim, recovered_at_a_time));
    return {};
  }));
  database.tended = {};
  if (guards.size() == recovered_at_a_time) database.tended = {guards.back().user, guards.back().claim};
  for (const ports::NamedRow& each : rows) MUSTER_CHECK_OK(recover_name(layout, each, at));
  MUSTER_CHECK_OK(tend(layout, database, guards));
  return has_more_batches || rows.size() == recovered_at_a_time || guards.size() >= recovered_at_a_time;
}

}  // namespace muster::sharded
