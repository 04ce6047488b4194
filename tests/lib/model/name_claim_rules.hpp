// SPDX-License-Identifier: Apache-2.0
/// @file The rules of lib/model/name_claim.hpp as the exhaustive check calls them, and ways to break them,
/// each of which the check must notice.
#pragma once

#include "model/name_claim.hpp"

#include <cstdint>

namespace muster::model {

enum class Broken : std::uint8_t {
  nothing,
  recovery_without_fence,
  recovery_cancels_committed,
  recovery_ignores_names,
  fence_ignores_names,
  recovery_ignores_its_claim,
  reserve_over_unexpired,
  reserve_over_expired,
  reserve_adopts_own,
  commit_ignores_guard,
  commit_repeated_after_unknown_outcome,
  confirm_ignores_claim,
  cancel_on_unknown_outcome,
  release_by_user,
  release_before_commit,
  release_unnoted,
  acknowledge_before_commit,
  forget_aborted,
  forget_before_released,
};

class Rules {
 public:
  explicit Rules(Broken broken) : broken_(broken) {}

  [[nodiscard]] bool has(Broken broken) const { return broken_ == broken; }

  [[nodiscard]] Reservation reserve(const std::optional<NameRow>& row, Time now, UserId user,
                                    ClaimId claim) const {
    const Reservation real = model::reserve(row, now, user, claim);
    if (has(Broken::reserve_over_unexpired) && real == Reservation::taken && row->is_pending())
      return Reservation::insert;
    if (has(Broken::reserve_over_expired) && real == Reservation::recover_first) return Reservation::insert;
    if (has(Broken::reserve_adopts_own) && real == Reservation::own_already) return Reservation::already;
    return real;
  }

  [[nodiscard]] Commitment commit(std::optional<Guard> guard) const {
    if (has(Broken::commit_ignores_guard)) return Commitment::give_name;
    return model::commit(guard);
  }

  [[nodiscard]] Confirmation confirm(const std::optional<NameRow>& row, UserId user, ClaimId claim) const {
    return model::confirm(row, user, has(Broken::confirm_ignores_claim) ? claim_of(row, user, claim) : claim);
  }

  [[nodiscard]] RowRemoval cancel(const std::optional<NameRow>& row, UserId user, ClaimId claim) const {
    return model::cancel(row, user, claim);
  }

  [[nodiscard]] RowRemoval release(const std::optional<NameRow>& row, UserId user, ClaimId claim) const {
    return model::release(row, user, has(Broken::release_by_user) ? claim_of(row, user, claim) : claim);
  }

  [[nodiscard]] RecoveryStep recover(const NameRow& row, const Holding& holding, Time now) const {
    const bool blind = has(Broken::recovery_ignores_names);
    const RecoveryStep real = model::recover(row, blind ? Holding{holding.guard, false} : holding, now);
    if (has(Broken::recovery_without_fence) && real == RecoveryStep::fence) return RecoveryStep::cancel;
    if (has(Broken::recovery_cancels_committed) && real == RecoveryStep::confirm) return RecoveryStep::cancel;
    return real;
  }

  [[nodiscard]] Fencing fence(const Holding& holding) const {
    const bool blind = has(Broken::recovery_ignores_names) || has(Broken::fence_ignores_names);
    return model::fence(blind ? Holding{holding.guard, false} : holding);
  }

  [[nodiscard]] GuardStep tend(Guard guard, const std::optional<NameRow>& row, UserId user,
                               ClaimId claim) const {
    const GuardStep real = model::tend(guard, row, user, claim);
    if (has(Broken::forget_aborted) && guard == Guard::aborted) return GuardStep::forget;
    if (has(Broken::forget_before_released) && real == GuardStep::release) return GuardStep::forget;
    return real;
  }

  /// What a writer takes for its claim that looks at the user alone.
  [[nodiscard]] static ClaimId claim_of(const std::optional<NameRow>& row, UserId user, ClaimId claim) {
    return row && row->user == user ? row->claim : claim;
  }

 private:
  Broken broken_;
};

}  // namespace muster::model
