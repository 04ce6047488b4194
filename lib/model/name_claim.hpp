// SPDX-License-Identifier: Apache-2.0
/// @file How a name (username, email, phone) gets one owner though its row and its user live in different
/// databases. Each function decides one step; a step is one transaction on one database: read what the
/// function takes, decide, write what it says. Between any two steps anything may happen, and every step may
/// come late.
///
/// Claiming: 1 lookup: reserve(), the row is pending. 2 home, in the transaction that gives the user the
/// name: commit(). 3 lookup: confirm(), then acknowledge. What is known not to have been committed in 2 is
/// taken back by cancel(); when it is not known whether it was, nothing is taken back: recovery finds out. A
/// home transaction of unknown outcome is never run again with the same claim.
///
/// That the user has the name is what says that the claim was committed: as long as a row is there, no other
/// claim can give that user that name. Only a claim that ends otherwise leaves something in the home: a
/// guard.
///
/// Giving up (another name, the user's removal): home, in the transaction that takes the name away: the claim
/// that held it, which its row knows, is given the guard `released`. Lookup: release().
///
/// In the background, for rows that stay pending: lookup: read the row; home: read what it knows of the
/// claim; recover() names the next function. For guards: tend(), the same from the other side, which also
/// forgets guards that are done with.
///
/// A user and a claim id belong to one reservation of one name and never to another. Safety does not depend
/// on time: pending_until only says how long others leave a reservation alone. Pure functions: thread-safe.
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>

namespace muster::model {

enum class NameKind : std::uint8_t { username = 1, email = 2, phone = 3 };

struct ClaimId {
  std::int64_t value = 0;  ///< 1 to 2^63-1.

  /// Odd: of all names of one kind that are taken together in one database, each by another user.
  [[nodiscard]] bool is_of_batch() const { return (value & 1) != 0; }
  auto operator<=>(const ClaimId&) const = default;
};

/// What the lookup knows of a name. No value of `pending_until`: the claim is active.
struct NameRow {
  UserId user;
  ClaimId claim;
  std::optional<Time> pending_until;

  bool operator==(const NameRow&) const = default;
  [[nodiscard]] bool is_pending() const { return pending_until.has_value(); }
  [[nodiscard]] bool is_of(UserId of, ClaimId by) const { return user == of && claim == by; }
};

/// How a claim ended that does not hold a name. Stored: the numbers must not change.
enum class Guard : std::uint8_t {
  aborted = 2,   ///< The user never gets the name by this claim. Kept for ever: its executor may yet wake.
  released = 3,  ///< The user had the name and gave it up. Forgotten once the row is gone.
};

/// What the user's home knows of a claim, read in one transaction.
struct Holding {
  std::optional<Guard> guard;
  bool has_name = false;  ///< The user has the claimed name.
};

enum class Reservation : std::uint8_t {
  insert,         ///< Write the row, pending.
  already,        ///< The row is this very claim's: go on.
  taken,          ///< Of another user.
  own_already,    ///< The same user's by another claim: settle that one (recover()), then ask anew.
  recover_first,  ///< Left behind by another user: recover() it, then ask anew.
};
[[nodiscard]] Reservation reserve(const std::optional<NameRow>& row, Time now, UserId user, ClaimId claim);

enum class Commitment : std::uint8_t {
  give_name,
  fenced,  ///< The claim is over: undo all, start anew with another one.
};
[[nodiscard]] Commitment commit(std::optional<Guard> guard);

enum class Confirmation : std::uint8_t {
  activate,  ///< Clear pending_until.
  already,
  lost,  ///< The row is gone or another's: the name was given up since it was committed.
};
[[nodiscard]] Confirmation confirm(const std::optional<NameRow>& row, UserId user, ClaimId claim);

enum class RowRemoval : std::uint8_t { remove, nothing };
/// The home's transaction is known not to have been committed, now or ever. Leaves an active row alone.
[[nodiscard]] RowRemoval cancel(const std::optional<NameRow>& row, UserId user, ClaimId claim);
/// The guard of this claim is `released`.
[[nodiscard]] RowRemoval release(const std::optional<NameRow>& row, UserId user, ClaimId claim);

/// The function to call next for the row's user and claim.
enum class RecoveryStep : std::uint8_t {
  nothing,  ///< The row is its user's, for good.
  not_due,
  fence,
  confirm,
  cancel,
  release,
};
/// `holding` was read after `row`. With Time::max() as `now` every reservation is due: for a user's own one
/// that stands in its way.
[[nodiscard]] RecoveryStep recover(const NameRow& row, const Holding& holding, Time now);

enum class Fencing : std::uint8_t {
  insert_aborted,  ///< Write the guard; once that is durable, cancel().
  confirm,         ///< It was committed meanwhile.
  cancel,          ///< It is fenced already, or over.
};
[[nodiscard]] Fencing fence(const Holding& holding);

/// What a guard found in its home asks for.
enum class GuardStep : std::uint8_t {
  keep,
  cancel,
  release,
  forget,  ///< Remove the guard, provided that it is still what it was.
};
/// `row` was read after `guard`.
[[nodiscard]] GuardStep tend(Guard guard, const std::optional<NameRow>& row, UserId user, ClaimId claim);

}  // namespace muster::model
