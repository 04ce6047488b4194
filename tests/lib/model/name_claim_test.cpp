// SPDX-License-Identifier: Apache-2.0
#include "model/name_claim.hpp"

#include <catch2/catch.hpp>

namespace muster::model {
namespace {

using namespace std::chrono_literals;

constexpr Time due{1'700'000'000s};
constexpr UserId ada{1};
constexpr UserId bob{2};
constexpr ClaimId claim{10};
constexpr ClaimId other_claim{11};
const NameRow pending{ada, claim, due};
const NameRow active{ada, claim, std::nullopt};
const Holding unknown{};
const Holding held{std::nullopt, true};

TEST_CASE("a free name can be reserved, another's cannot", "[name_claim]") {
  CHECK(reserve(std::nullopt, due, ada, claim) == Reservation::insert);
  CHECK(reserve(active, due, bob, other_claim) == Reservation::taken);
  CHECK(reserve(active, Time::max(), bob, other_claim) == Reservation::taken);
  CHECK(reserve(pending, due - 1us, bob, other_claim) == Reservation::taken);
  CHECK(reserve(pending, due, bob, other_claim) == Reservation::recover_first);
}

TEST_CASE("a reservation that is asked for again is there already", "[name_claim]") {
  for (const NameRow& row : {pending, active}) {
    CHECK(reserve(row, due - 1us, ada, claim) == Reservation::already);
    CHECK(reserve(row, due, ada, claim) == Reservation::already);
  }
}

TEST_CASE("a user's older claim of the same name is settled first, due or not", "[name_claim]") {
  CHECK(reserve(pending, due - 1us, ada, other_claim) == Reservation::own_already);
  CHECK(reserve(pending, due, ada, other_claim) == Reservation::own_already);
  CHECK(reserve(active, due, ada, other_claim) == Reservation::own_already);
}

TEST_CASE("a claim is committed once, and never after it was fenced", "[name_claim]") {
  CHECK(commit(std::nullopt) == Commitment::give_name);
  CHECK(commit(Guard::released) == Commitment::fenced);
  CHECK(commit(Guard::aborted) == Commitment::fenced);
}

TEST_CASE("a row is written for its own claim only", "[name_claim]") {
  CHECK(confirm(pending, ada, claim) == Confirmation::activate);
  CHECK(confirm(active, ada, claim) == Confirmation::already);
  CHECK(cancel(pending, ada, claim) == RowRemoval::remove);
  CHECK(cancel(active, ada, claim) == RowRemoval::nothing);
  CHECK(release(pending, ada, claim) == RowRemoval::remove);
  CHECK(release(active, ada, claim) == RowRemoval::remove);
  for (const std::optional<NameRow>& row : {std::optional(pending), std::optional(active)})
    for (const auto& [user, by] : {std::pair(bob, claim), std::pair(ada, other_claim)}) {
      CHECK(confirm(row, user, by) == Confirmation::lost);
      CHECK(cancel(row, user, by) == RowRemoval::nothing);
      CHECK(release(row, user, by) == RowRemoval::nothing);
    }
  CHECK(confirm(std::nullopt, ada, claim) == Confirmation::lost);
  CHECK(cancel(std::nullopt, ada, claim) == RowRemoval::nothing);
  CHECK(release(std::nullopt, ada, claim) == RowRemoval::nothing);
}

TEST_CASE("recovery does what the home says, and fences where it says nothing", "[name_claim]") {
  CHECK(recover(pending, unknown, due - 1us) == RecoveryStep::not_due);
  CHECK(recover(pending, unknown, due) == RecoveryStep::fence);
  CHECK(recover(pending, unknown, Time::max()) == RecoveryStep::fence);
  CHECK(recover(pending, held, due - 1us) == RecoveryStep::confirm);
  CHECK(recover(pending, held, Time::max()) == RecoveryStep::confirm);
  CHECK(recover(pending, {Guard::aborted, false}, due - 1us) == RecoveryStep::cancel);
  CHECK(recover(pending, {Guard::released, false}, due - 1us) == RecoveryStep::release);
  CHECK(fence(unknown) == Fencing::insert_aborted);
  CHECK(fence(held) == Fencing::confirm);
  CHECK(fence({Guard::aborted, false}) == Fencing::cancel);
  CHECK(fence({Guard::released, false}) == Fencing::cancel);
}

TEST_CASE("an active row is only ever released", "[name_claim]") {
  for (const Holding& holding : {unknown, held, Holding{Guard::aborted, false}})
    CHECK(recover(active, holding, Time::max()) == RecoveryStep::nothing);
  CHECK(recover(active, {Guard::released, false}, due) == RecoveryStep::release);
}

TEST_CASE("a guard is forgotten when its row needs it no more", "[name_claim]") {
  CHECK(tend(Guard::released, pending, ada, claim) == GuardStep::release);
  CHECK(tend(Guard::released, active, ada, claim) == GuardStep::release);
  CHECK(tend(Guard::released, active, ada, other_claim) == GuardStep::forget);
  CHECK(tend(Guard::released, std::nullopt, ada, claim) == GuardStep::forget);
  CHECK(tend(Guard::aborted, pending, ada, claim) == GuardStep::cancel);
  CHECK(tend(Guard::aborted, active, ada, claim) == GuardStep::keep);
  CHECK(tend(Guard::aborted, std::nullopt, ada, claim) == GuardStep::keep);
}

}  // namespace
}  // namespace muster::model
