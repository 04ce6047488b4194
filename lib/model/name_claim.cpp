// SPDX-License-Identifier: Apache-2.0
#include "model/name_claim.hpp"

namespace muster::model {
namespace {

bool holds(const std::optional<NameRow>& row, UserId user, ClaimId claim) {
  return row && row->is_of(user, claim);
}

}  // namespace

Reservation reserve(const std::optional<NameRow>& row, Time now, UserId user, ClaimId claim) {
  if (!row) return Reservation::insert;
  if (row->is_of(user, claim)) return Reservation::already;
  if (row->user == user) return Reservation::own_already;
  return row->is_pending() && *row->pending_until <= now ? Reservation::recover_first : Reservation::taken;
}

Commitment commit(std::optional<Guard> guard) {
  return guard ? Commitment::fenced : Commitment::give_name;
}

Confirmation confirm(const std::optional<NameRow>& row, UserId user, ClaimId claim) {
  if (!holds(row, user, claim)) return Confirmation::lost;
  return row->is_pending() ? Confirmation::activate : Confirmation::already;
}

RowRemoval cancel(const std::optional<NameRow>& row, UserId user, ClaimId claim) {
  // An active row was committed, whatever its canceller believes.
  return holds(row, user, claim) && row->is_pending() ? RowRemoval::remove : RowRemoval::nothing;
}

RowRemoval release(const std::optional<NameRow>& row, UserId user, ClaimId claim) {
  return holds(row, user, claim) ? RowRemoval::remove : RowRemoval::nothing;
}

RecoveryStep recover(const NameRow& row, const Holding& holding, Time now) {
  if (holding.guard == Guard::released) return RecoveryStep::release;
  if (!row.is_pending()) return RecoveryStep::nothing;
  if (holding.guard == Guard::aborted) return RecoveryStep::cancel;
  if (holding.has_name) return RecoveryStep::confirm;
  return *row.pending_until <= now ? RecoveryStep::fence : RecoveryStep::not_due;
}

Fencing fence(const Holding& holding) {
  if (holding.guard) return Fencing::cancel;
  return holding.has_name ? Fencing::confirm : Fencing::insert_aborted;
}

GuardStep tend(Guard guard, const std::optional<NameRow>& row, UserId user, ClaimId claim) {
  const bool ours = holds(row, user, claim);
  switch (guard) {
    case Guard::aborted:
      return ours && row->is_pending() ? GuardStep::cancel : GuardStep::keep;
    case Guard::released:
      return ours ? GuardStep::release : GuardStep::forget;
  }
  return GuardStep::keep;
}

}  // namespace muster::model
