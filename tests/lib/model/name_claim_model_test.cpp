// SPDX-License-Identifier: Apache-2.0
#include "lib/model/name_claim_world.hpp"

#include <iostream>

#include <catch2/catch.hpp>

namespace muster::model {
namespace {

constexpr std::array<Program, 3> programs{Program::contention, Program::second_try, Program::rename};

std::string text(const Violation& violation) {
  std::string out = violation.what + ":";
  for (const std::string& step : violation.trace) out += "\n  " + step;
  return out;
}

/// The shortest way to a violation in the first program that has one.
std::optional<Violation> violation_of(Broken broken) {
  for (const Program program : programs)
    if (Exploration found = explore(program, broken); found.violation) return found.violation;
  return std::nullopt;
}

struct Mistake {
  Broken broken;
  const char* name;
  const char* caught_as;
};

constexpr const char* unknown_to_lookup = "the lookup does not know a user's name";
constexpr const char* unconfirmed = "a user's name will not be confirmed";
constexpr const char* refused_for_ever = "a name is refused for ever";

constexpr std::array<Mistake, 18> mistakes{{
    {Broken::recovery_without_fence, "recovery does not fence", unknown_to_lookup},
    {Broken::recovery_cancels_committed, "recovery frees a committed name", unknown_to_lookup},
    {Broken::recovery_ignores_names, "recovery does not look at the user's names", unknown_to_lookup},
    {Broken::fence_ignores_names, "a fence does not look again at the user's names", unconfirmed},
    {Broken::recovery_ignores_its_claim, "recovery writes whatever row of the user", unknown_to_lookup},
    {Broken::reserve_over_unexpired, "a pending row is overwritten", unknown_to_lookup},
    {Broken::reserve_over_expired, "an expired row is overwritten", unknown_to_lookup},
    {Broken::reserve_adopts_own, "a row of an older claim is taken for one's own", unknown_to_lookup},
    {Broken::commit_ignores_guard, "the commit ignores its guard", unconfirmed},
    {Broken::commit_repeated_after_unknown_outcome, "a commit of unknown outcome is repeated", unconfirmed},
    {Broken::confirm_ignores_claim, "a late confirmation ignores the claim", refused_for_ever},
    {Broken::cancel_on_unknown_outcome, "a claim of unknown outcome is taken back", unknown_to_lookup},
    {Broken::release_by_user, "a late release ignores the claim", unknown_to_lookup},
    {Broken::release_before_commit, "the old name is released before the new one is committed",
     unknown_to_lookup},
    {Broken::release_unnoted, "a crash forgets what is to be released", refused_for_ever},
    {Broken::acknowledge_before_commit, "a name is acknowledged before it is committed",
     "a name was acknowledged and is not stored"},
    {Broken::forget_aborted, "aborted guards are forgotten", unknown_to_lookup},
    {Broken::forget_before_released, "guards are forgotten before their rows are gone", refused_for_ever},
}};

TEST_CASE("whatever happens in whatever order, a name has one owner", "[name_claim][exhaustive]") {
  std::size_t states = 0;
  for (const Program program : programs) {
    const Exploration found = explore(program, Broken::nothing);
    if (found.violation) FAIL(text(*found.violation));
    states += found.states;
  }
  std::cout << "claims of names: " << states << " states, each as promised\n";
  // A world that has lost a step has far fewer.
  CHECK(states > 1'000'000);
}

TEST_CASE("each way to break the rules of claiming a name is noticed", "[name_claim][exhaustive]") {
  for (const Mistake& mistake : mistakes) {
    INFO(mistake.name);
    const auto violation = violation_of(mistake.broken);
    REQUIRE(violation);
    INFO(text(*violation));
    CHECK(violation->what == mistake.caught_as);
    CHECK_FALSE(violation->trace.empty());
  }
}

TEST_CASE("how each way to break the rules ends", "[.traces]") {
  for (const Mistake& mistake : mistakes) {
    const auto violation = violation_of(mistake.broken);
    std::cout << "If " << mistake.name << ", " << (violation ? text(*violation) : "nothing happens")
              << "\n\n";
  }
}

}  // namespace
}  // namespace muster::model
