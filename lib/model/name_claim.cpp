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

GuardCommit commit_guard(std::optional<Guard> guard) {
  if (!guard) return GuardCommit::insert_committed;
  return *guard == Guard::aborted ? GuardCommit::fenced : GuardCommit::already;
}

Confirmation confirm(const std::optional<NameRow>& row, UserId user, ClaimId claim) {
  if (!holds(row, user, claim)) return Confirmation::lost;
  return row->is_pending() ? Confirmation::activate : Confirmation::already;
}

RowRemoval cancel(const std::optional<NameRow>& row, UserId user, ClaimId claim) {
  // An active row was committed: who fences its claim late finds no guard, because that was forgotten.
  return holds(row, user, claim) && row->is_pending() ? RowRemoval::remove : RowRemoval::nothing;
}

RowRemoval release(const std::optional<NameRow>& row, UserId user, ClaimId claim) {
  return holds(row, user, claim) ? RowRemoval::remove : RowRemoval::nothing;
}

RecoveryStep recover(const NameRow& row, std::optional<Guard> guard, Time now) {
  if (guard == Guard::released) return RecoveryStep::release;
  if (!row.is_pending()) return RecoveryStep::nothing;
  if (guard == Guard::committed) return RecoveryStep::confirm;
  if (guard == Guard::aborted) return RecoveryStep::cancel;
  return *row.pending_until <= now ? RecoveryStep::fence : RecoveryStep::not_due;
}

Fencing fence(std::optional<Guard> guard) {
  if (!guard) return Fencing::insert_aborted;
  return *guard == Guard::committed ? Fencing::confirm : Fencing::cancel;
}

GuardStep tend(Guard guard, const std::optional<NameRow>& row, UserId user, ClaimId claim) {
  const bool ours = holds(row, user, claim);
  switch (guard) {
    case Guard::committed:
      if (!ours) return GuardStep::keep;
      return row->is_pending() ? GuardStep::confirm : GuardStep::forget;
    case Guard::aborted:
      return ours && row->is_pending() ? GuardStep::cancel : GuardStep::keep;
    case Guard::released:
      return ours ? GuardStep::release : GuardStep::forget;
  }
  return GuardStep::keep;
}

}  // namespace muster::model
