// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/check_repair.hpp"

#include "adapters/sharded/claims.hpp"

#include <algorithm>

namespace muster::sharded {
namespace {

using ports::Unit;

/// The row, or its absence, is what it was reserved as.
Status activate_here(Unit& unit, const ports::Name& name, UserId user, model::ClaimId claim) {
  MUSTER_TRY(const auto row, unit.slots().name(name));
  if (model::confirm(row, user, claim) == model::Confirmation::lost)
    return fail(ErrorCode::conflict, "the reservation was given up");
  return unit.slots().put_name(name, {user, claim, std::nullopt});
}

}  // namespace

bool has_name(const std::optional<ports::NamedUser>& user, const ports::Name& name) {
  return user && user->has(name);
}

Result<bool> remove_orphan(const Layout& layout, const ports::NamedRow& row) {
  Database& home = layout.owner_of(row.row.user);
  const bool is_same = &home == &layout.owner_of(row.name);
  bool is_orphan = false;
  const auto give_up = [&](Unit& unit) -> Status {
    is_orphan = false;
    MUSTER_CHECK_OK(unit.slots().hold(row.row.user));
    MUSTER_TRY(const auto user, unit.slots().named_user(row.row.user));
    if (has_name(user, row.name)) return {};
    is_orphan = true;
    if (!is_same)
      return unit.slots().put_guard({row.row.user, row.row.claim, row.name, model::Guard::released});
    MUSTER_TRY(const auto now, unit.slots().name(row.name));
    if (model::release(now, row.row.user, row.row.claim) == model::RowRemoval::nothing) return {};
    return unit.slots().remove_name(row.name, row.row.user);
  };
  MUSTER_CHECK_OK(home.store->write(give_up));
  if (is_orphan && !is_same)
    MUSTER_CHECK_OK(release_names(layout, {{row.name, row.row.user, row.row.claim}}));
  return is_orphan;
}

Result<bool> add_missing(const Layout& layout, const ports::Name& name, UserId user) {
  std::map<Wish, Answer> answers;
  const Wish wish{name, user};
  MUSTER_CHECK_OK(reserve_names(layout, {wish}, answers));
  const Answer answer = answers[wish];
  if (!answer) return false;
  const std::vector<HeldName> held{{name, user, *answer}};
  Database& home = layout.owner_of(user);
  const bool is_same = &home == &layout.owner_of(name);
  const Status done = home.store->write([&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.slots().hold(user));
    MUSTER_TRY(const auto found, unit.slots().named_user(user));
    if (!has_name(found, name)) return fail(ErrorCode::not_found, "the user has given the name up");
    if (is_same) return activate_here(unit, name, user, *answer);
    MUSTER_TRY(const auto guard, unit.slots().guard(user, *answer));
    if (model::commit(guard) == model::Commitment::fenced)
      return fail(ErrorCode::conflict, "the reservation was given up");
    return {};
  });
  if (done) {
    if (!is_same) MUSTER_CHECK_OK(confirm_names(layout, held));
    return true;
  }
  const bool is_known = done.error().code == ErrorCode::not_found || done.error().code == ErrorCode::conflict;
  if (!is_known) return fail(done.error());
  MUSTER_CHECK_OK(cancel_names(layout, held));
  return false;
}

}  // namespace muster::sharded
