// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/check.hpp"

#include "adapters/sharded/check_repair.hpp"
#include "adapters/sharded/claims.hpp"

#include <algorithm>
#include <map>

namespace muster::sharded {
namespace {

using ports::CheckPlace;
using ports::CheckStep;
using ports::NameFault;
using ports::NameFaultKind;
using ports::Repair;
using ports::Unit;

constexpr std::size_t looked_at_at_a_time = 500;
/// A claim is ended in the background soon after it is due; one that waits longer is a fault.
constexpr std::chrono::minutes overdue_after{1};

Status read(Database& database, const std::function<Status(Unit&)>& work) {
  Status status = database.store->read(work);
  if (status) return status;
  Error error = status.error();
  error.message = "shard " + std::to_string(database.id.value) + ": " + error.message;
  return fail(std::move(error));
}

bool is_overdue(const Layout& layout, const model::NameRow& row) {
  return row.is_pending() && *row.pending_until + overdue_after <= layout.surroundings->now();
}

/// Those of `items` that are in each database, by what `owner` says.
template <class Item, class Owner>
std::map<Database*, std::vector<const Item*>> by_database(const std::vector<Item>& items,
                                                          const Owner& owner) {
  std::map<Database*, std::vector<const Item*>> out;
  for (const Item& each : items) out[&owner(each)].push_back(&each);
  return out;
}

Result<std::optional<model::NameRow>> find_row(const Layout& layout, const ports::Name& name) {
  std::optional<model::NameRow> row;
  MUSTER_CHECK_OK(read(layout.owner_of(name), [&](Unit& unit) -> Status {
    MUSTER_TRY(row, unit.slots().name(name));
    return {};
  }));
  return row;
}

/// A user and a row as they were together or, of two databases, one after the other.
struct Sight {
  std::optional<ports::NamedUser> user;
  std::optional<model::Guard> guard;
  std::optional<model::NameRow> row;
};

enum class Order : std::uint8_t { user_first, row_first };

/// `claim` is whose guard is looked for.
Result<Sight> look(const Layout& layout, const ports::Name& name, UserId user, model::ClaimId claim,
                   Order order) {
  Sight sight;
  Database& home = layout.owner_of(user);
  const bool is_same = &home == &layout.owner_of(name);
  if (!is_same && order == Order::row_first) {
    MUSTER_TRY(sight.row, find_row(layout, name));
  }
  MUSTER_CHECK_OK(read(home, [&](Unit& unit) -> Status {
    MUSTER_TRY(sight.user, unit.slots().named_user(user));
    MUSTER_TRY(sight.guard, unit.slots().guard(user, claim));
    if (is_same) {
      MUSTER_TRY(sight.row, unit.slots().name(name));
    }
    return {};
  }));
  if (!is_same && order == Order::user_first) {
    MUSTER_TRY(sight.row, find_row(layout, name));
  }
  return sight;
}

/// Looks again at a row, seen before, that seems to lead nowhere.
Status check_row(const Layout& layout, const ports::NamedRow& row, Repair repair, CheckStep& step) {
  MUSTER_TRY(const Sight sight, look(layout, row.name, row.row.user, row.row.claim, Order::user_first));
  const bool is_there =
      sight.row && !sight.row->is_pending() && sight.row->is_of(row.row.user, row.row.claim);
  if (!is_there || has_name(sight.user, row.name) || sight.guard == model::Guard::released) return {};
  NameFault fault{NameFaultKind::orphan, row.name, row.row.user, std::nullopt, false};
  if (repair == Repair::yes) {
    MUSTER_TRY(fault.repaired, remove_orphan(layout, row));
  }
  step.faults.push_back(std::move(fault));
  return {};
}

/// Looks again at a claim that has waited too long.
Status check_claim(const Layout& layout, const ports::NamedRow& row, Repair repair, CheckStep& step) {
  MUSTER_TRY(const auto now, find_row(layout, row.name));
  if (now != row.row) return {};
  NameFault fault{NameFaultKind::overdue, row.name, row.row.user, std::nullopt, false};
  if (repair == Repair::yes) {
    MUSTER_CHECK_OK(recover_name(layout, row, layout.surroundings->now()));
    fault.repaired = true;
  }
  step.faults.push_back(std::move(fault));
  return {};
}

Status check_rows(const Layout& layout, const std::vector<ports::NamedRow>& rows, Repair repair,
                  CheckStep& step) {
  const auto home_of = [&](const ports::NamedRow& row) -> Database& { return layout.owner_of(row.row.user); };
  std::vector<const ports::NamedRow*> suspects;
  for (const auto& [home, here] : by_database(rows, home_of)) {
    MUSTER_CHECK_OK(read(*home, [&, &items = here](Unit& unit) -> Status {
      for (const ports::NamedRow* each : items) {
        if (each->row.is_pending()) continue;
        MUSTER_TRY(const auto user, unit.slots().named_user(each->row.user));
        if (!has_name(user, each->name)) suspects.push_back(each);
      }
      return {};
    }));
  }
  for (const ports::NamedRow& each : rows)
    if (is_overdue(layout, each.row)) MUSTER_CHECK_OK(check_claim(layout, each, repair, step));
  for (const ports::NamedRow* each : suspects) MUSTER_CHECK_OK(check_row(layout, *each, repair, step));
  return {};
}

/// Looks again at a name of a user, seen at that version, to whom its row seems not to lead.
Status check_held(const Layout& layout, const ports::Name& name, const ports::NamedUser& user, Repair repair,
                  CheckStep& step) {
  MUSTER_TRY(const Sight sight, look(layout, name, user.user, {}, Order::row_first));
  const bool is_unchanged = sight.user && sight.user->version == user.version;
  if (!is_unchanged || (sight.row && sight.row->user == user.user)) return {};
  NameFault fault{NameFaultKind::missing, name, user.user, std::nullopt, false};
  if (sight.row && !sight.row->is_pending()) {
    MUSTER_TRY(const Sight other, look(layout, name, sight.row->user, sight.row->claim, Order::user_first));
    // The user is looked at once more, so that both were seen to have it at one time.
    MUSTER_TRY(const Sight again, look(layout, name, user.user, {}, Order::row_first));
    if (!again.user || again.user->version != user.version) return {};
    if (has_name(other.user, name)) {
      fault.kind = NameFaultKind::duplicate;
      fault.other = sight.row->user;
      step.faults.push_back(std::move(fault));
      return {};
    }
  }
  if (repair == Repair::yes) {
    // A name that has an owner is not to be had by a registration that is on its way.
    if (sight.row && sight.row->is_pending())
      MUSTER_CHECK_OK(recover_name(layout, {name, *sight.row}, Time::max()));
    MUSTER_TRY(fault.repaired, add_missing(layout, name, user.user));
  }
  step.faults.push_back(std::move(fault));
  return {};
}

struct Held {
  const ports::NamedUser* user;
  const ports::Name* name;
};

Status check_users(const Layout& layout, const std::vector<ports::NamedUser>& users, Repair repair,
                   CheckStep& step) {
  std::vector<Held> all;
  for (const ports::NamedUser& user : users)
    for (const ports::Name& name : user.names) all.push_back({&user, &name});
  const auto lookup_of = [&](const Held& held) -> Database& { return layout.owner_of(*held.name); };
  std::vector<const Held*> suspects;
  for (const auto& [lookup, here] : by_database(all, lookup_of)) {
    MUSTER_CHECK_OK(read(*lookup, [&, &items = here](Unit& unit) -> Status {
      for (const Held* each : items) {
        MUSTER_TRY(const auto row, unit.slots().name(*each->name));
        if (!row || row->user != each->user->user) suspects.push_back(each);
      }
      return {};
    }));
  }
  for (const Held* each : suspects)
    MUSTER_CHECK_OK(check_held(layout, *each->name, *each->user, repair, step));
  return {};
}

/// Where to go on behind the end of a database.
std::optional<CheckPlace> place_after(const Layout& layout, std::size_t index, CheckPlace::Phase phase) {
  CheckPlace next;
  next.phase = phase;
  if (index + 1 < layout.databases.size()) {
    next.shard = layout.databases[index + 1]->id;
    return next;
  }
  if (phase == CheckPlace::Phase::users) return std::nullopt;
  next.phase = CheckPlace::Phase::users;
  next.shard = layout.databases.front()->id;
  return next;
}

}  // namespace

Result<CheckStep> check_names(const Layout& layout, const CheckPlace& place, Repair repair) {
  const auto found = std::find_if(layout.databases.begin(), layout.databases.end(),
                                  [&](const auto& each) { return each->id == place.shard; });
  if (found == layout.databases.end())
    return fail(ErrorCode::not_found, "there is no shard " + std::to_string(place.shard.value));
  Database& database = **found;
  CheckStep step;
  step.next = place;
  bool is_end = false;
  if (place.phase == CheckPlace::Phase::names) {
    std::vector<ports::NamedRow> rows;
    MUSTER_CHECK_OK(read(database, [&](Unit& unit) -> Status {
      MUSTER_TRY(rows, unit.slots().names(place.name, looked_at_at_a_time));
      return {};
    }));
    is_end = rows.size() < looked_at_at_a_time;
    if (!rows.empty()) step.next->name = rows.back().name;
    // A copy that a database has of a slot that is another's says nothing.
    std::erase_if(rows, [&](const auto& each) { return &layout.owner_of(each.name) != &database; });
    step.names = static_cast<std::int64_t>(rows.size());
    MUSTER_CHECK_OK(check_rows(layout, rows, repair, step));
  } else {
    std::vector<ports::NamedUser> users;
    MUSTER_CHECK_OK(read(database, [&](Unit& unit) -> Status {
      MUSTER_TRY(users, unit.slots().named_users(place.user, looked_at_at_a_time));
      return {};
    }));
    is_end = users.size() < looked_at_at_a_time;
    if (!users.empty()) step.next->user = users.back().user;
    std::erase_if(users, [&](const auto& each) { return &layout.owner_of(each.user) != &database; });
    step.users = static_cast<std::int64_t>(users.size());
    MUSTER_CHECK_OK(check_users(layout, users, repair, step));
  }
  if (is_end)
    step.next = place_after(layout, static_cast<std::size_t>(found - layout.databases.begin()), place.phase);
  return step;
}

}  // namespace muster::sharded
