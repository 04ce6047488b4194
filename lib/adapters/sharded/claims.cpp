// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/claims.hpp"

#include <algorithm>
#include <cstring>

namespace muster::sharded {
namespace {

using ports::Home;
using ports::Unit;

constexpr std::size_t recovered_at_a_time = 200;
/// How often a reservation in the way is settled before the name counts as taken.
constexpr int settlings_max = 3;

/// Never used twice: 62 random bits for one user and name.
model::ClaimId new_claim(const Layout& layout) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, layout.surroundings->entropy.bytes(sizeof bits).data(), sizeof bits);
  return {static_cast<std::int64_t>(bits >> 2U) + 1};
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

/// A row that stands in the way of a wish, and is to be settled first.
struct Obstacle {
  ports::NamedRow row;
  bool own = false;
};

struct Outcome {
  std::map<Wish, Answer> answers;
  std::vector<Obstacle> obstacles;
  std::vector<Wish> again;
};

Status reserve_one(const Layout& layout, Unit& unit, const Wish& wish, Outcome& outcome) {
  const Time at = layout.surroundings->now();
  MUSTER_TRY(const auto row, unit.slots().name(wish.name));
  const model::ClaimId claim = new_claim(layout);
  switch (model::reserve(row, at, wish.user, claim)) {
    case model::Reservation::insert:
      MUSTER_CHECK_OK(unit.slots().put_name(wish.name, {wish.user, claim, at + reservation_time}));
      outcome.answers[wish] = claim;
      return {};
    case model::Reservation::already:
      outcome.answers[wish] = claim;
      return {};
    case model::Reservation::taken:
      outcome.answers[wish] = std::nullopt;
      return layout.check_owned(unit, model::slot_of_name(wish.name.kind, wish.name.value));
    case model::Reservation::own_already:
      outcome.obstacles.push_back({{wish.name, *row}, true});
      outcome.again.push_back(wish);
      return {};
    case model::Reservation::recover_first:
      outcome.obstacles.push_back({{wish.name, *row}, false});
      outcome.again.push_back(wish);
      return {};
  }
  return {};
}

Result<std::optional<model::Guard>> guard_of(const Layout& layout, UserId user, model::ClaimId claim) {
  std::optional<model::Guard> guard;
  MUSTER_CHECK_OK(layout.owner_of(user).store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(guard, unit.slots().guard(user, claim));
    return layout.check_owned(unit, model::slot_of(user));
  }));
  return guard;
}

/// One step on the lookup rows of several names: one transaction for each database.
Status on_rows(
    const Layout& layout, const std::vector<HeldName>& names,
    const std::function<Status(Unit&, const HeldName&, const std::optional<model::NameRow>&)>& step) {
  Status first;
  for (const auto& [database, here] : by_database(layout, names)) {
    Status done = database->store->write([&, &items = here](Unit& unit) -> Status {
      for (const HeldName* each : items) {
        MUSTER_TRY(const auto row, unit.slots().name(each->name));
        MUSTER_CHECK_OK(step(unit, *each, row));
      }
      return {};
    });
    if (!done && first) first = std::move(done);
  }
  return first;
}

/// Inserts the guard that keeps the registrant from committing; what is to be done then.
Result<model::Fencing> fence_claim(const Layout& layout, const ports::NamedRow& row) {
  auto fencing = model::Fencing::cancel;
  MUSTER_CHECK_OK(layout.owner_of(row.row.user).store->write([&](Unit& unit) -> Status {
    MUSTER_TRY(const auto guard, unit.slots().guard(row.row.user, row.row.claim));
    fencing = model::fence(guard);
    if (fencing != model::Fencing::insert_aborted) return {};
    return unit.slots().put_guard({row.row.user, row.row.claim, row.name, model::Guard::aborted});
  }));
  return fencing;
}

/// The lookup rows of the names, each database read once.
Result<std::map<ports::Name, model::NameRow>> find_rows(const Layout& layout,
                                                        const std::vector<HeldName>& names) {
  std::map<ports::Name, model::NameRow> rows;
  for (const auto& [database, here] : by_database(layout, names)) {
    const Status found = database->store->read([&, &items = here](Unit& unit) -> Status {
      for (const HeldName* each : items) {
        MUSTER_TRY(const auto row, unit.slots().name(each->name));
        MUSTER_CHECK_OK(layout.check_owned(unit, model::slot_of_name(each->name.kind, each->name.value)));
        if (row) rows[each->name] = *row;
      }
      return {};
    });
    if (!found) return fail(found.error());
  }
  return rows;
}

Status forget_guards(Database& home, const std::vector<ports::StoredGuard>& guards) {
  if (guards.empty()) return {};
  return home.store->write([&](Unit& unit) -> Status {
    for (const ports::StoredGuard& each : guards) {
      MUSTER_TRY(const auto stored, unit.slots().guard(each.user, each.claim));
      if (stored == each.guard) MUSTER_CHECK_OK(unit.slots().remove_guard(each.user, each.claim));
    }
    return {};
  });
}

/// The guards were found in `home`.
Status tend(const Layout& layout, Database& home, const std::vector<ports::StoredGuard>& guards) {
  std::vector<HeldName> names;
  names.reserve(guards.size());
  for (const ports::StoredGuard& each : guards) names.push_back({each.name, each.user, each.claim});
  MUSTER_TRY(const auto rows, find_rows(layout, names));
  std::vector<HeldName> confirmed;
  std::vector<HeldName> released;
  std::vector<HeldName> cancelled;
  std::vector<ports::StoredGuard> forgotten;
  for (std::size_t i = 0; i < guards.size(); ++i) {
    const auto found = rows.find(guards[i].name);
    const auto row = found == rows.end() ? std::nullopt : std::optional(found->second);
    switch (model::tend(guards[i].guard, row, guards[i].user, guards[i].claim)) {
      case model::GuardStep::keep:
        break;
      case model::GuardStep::confirm:
        confirmed.push_back(names[i]);
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
  MUSTER_CHECK_OK(confirm_names(layout, confirmed));
  MUSTER_CHECK_OK(release_names(layout, released));
  MUSTER_CHECK_OK(cancel_names(layout, cancelled));
  return forget_guards(home, forgotten);
}

}  // namespace

Status reserve_names(const Layout& layout, const std::set<Wish>& wishes, std::map<Wish, Answer>& answers) {
  std::vector<Wish> open(wishes.begin(), wishes.end());
  for (int settlings = 0; !open.empty(); ++settlings) {
    Outcome all;
    for (const auto& [database, here] : by_database(layout, open)) {
      Outcome outcome;
      const auto reserve_all = [&, &items = here](Unit& unit) -> Status {
        outcome = {};
        for (const Wish* each : items) MUSTER_CHECK_OK(reserve_one(layout, unit, *each, outcome));
        return {};
      };
      MUSTER_CHECK_OK(database->store->write(reserve_all));
      answers.insert(outcome.answers.begin(), outcome.answers.end());
      all.obstacles.insert(all.obstacles.end(), outcome.obstacles.begin(), outcome.obstacles.end());
      all.again.insert(all.again.end(), outcome.again.begin(), outcome.again.end());
    }
    if (settlings == settlings_max) {
      for (const Wish& each : all.again) answers[each] = std::nullopt;
      return {};
    }
    for (const Obstacle& each : all.obstacles)
      MUSTER_CHECK_OK(recover_name(layout, each.row, each.own ? Time::max() : layout.surroundings->now()));
    open = std::move(all.again);
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
  return on_rows(layout, names, [](Unit& unit, const HeldName& name, const auto& row) -> Status {
    if (model::confirm(row, name.user, name.claim) != model::Confirmation::activate) return {};
    return unit.slots().put_name(name.name, {name.user, name.claim, std::nullopt});
  });
}

Status release_names(const Layout& layout, const std::vector<HeldName>& names) {
  return on_rows(layout, names, [](Unit& unit, const HeldName& name, const auto& row) -> Status {
    if (model::release(row, name.user, name.claim) == model::RowRemoval::nothing) return {};
    return unit.slots().remove_name(name.name, name.user);
  });
}

Status cancel_names(const Layout& layout, const std::vector<HeldName>& names) {
  return on_rows(layout, names, [](Unit& unit, const HeldName& name, const auto& row) -> Status {
    if (model::cancel(row, name.user, name.claim) == model::RowRemoval::nothing) return {};
    return unit.slots().remove_name(name.name, name.user);
  });
}

Status recover_name(const Layout& layout, const ports::NamedRow& row, Time due_by) {
  const std::vector<HeldName> name{{row.name, row.row.user, row.row.claim}};
  MUSTER_TRY(const auto guard, guard_of(layout, row.row.user, row.row.claim));
  switch (model::recover(row.row, guard, due_by)) {
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
  std::array<Tended, 2> next{};
  MUSTER_CHECK_OK(database.store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(rows, unit.slots().pending_names(at, recovered_at_a_time));
    guards.clear();
    next = {};
    for (const std::size_t i : {0U, 1U}) {
      const auto state = i == 0 ? model::Guard::committed : model::Guard::released;
      const Tended& from = database.tended[i];
      MUSTER_TRY(const auto some, unit.slots().guards(state, from.user, from.claim, recovered_at_a_time));
      if (some.size() == recovered_at_a_time) next[i] = {some.back().user, some.back().claim};
      guards.insert(guards.end(), some.begin(), some.end());
    }
    return {};
  }));
  database.tended = next;
  for (const ports::NamedRow& each : rows) MUSTER_CHECK_OK(recover_name(layout, each, at));
  MUSTER_CHECK_OK(tend(layout, database, guards));
  return rows.size() == recovered_at_a_time || guards.size() >= recovered_at_a_time;
}

}  // namespace muster::sharded
