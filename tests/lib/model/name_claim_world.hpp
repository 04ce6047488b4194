// SPDX-License-Identifier: Apache-2.0
/// @file Everything that can happen while two users want one name, step by step over the real rules: Ada
/// registers as `a`, is renamed to `b` and back to `a` (tried twice), and is removed; Bob registers as `a`.
/// Each attempt is an executor with a claim of its own that stands still between any two steps for as long as
/// it likes; one that crashed is one that never goes on. Two agents that recover rows and tend guards stand
/// still likewise.
#pragma once

#include "lib/model/name_claim_rules.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::model {

constexpr std::size_t claims_max = 5;
constexpr std::size_t executors_max = 6;

/// One state of the world; bytes, so that it is compared and hashed as a whole. A claim is 1 to claims_max, 0
/// is none; a name is 0 (`a`) or 1 (`b`); a user is 0 (Ada) or 1 (Bob).
struct World {
  std::array<std::uint8_t, 2> row_claim{};
  std::array<std::uint8_t, 2> row_pending{};
  std::array<std::uint8_t, claims_max + 1> guard{};  ///< By claim; 0: none.
  std::array<std::uint8_t, 2> holds{};               ///< By user, in the home: the claim of the name it has.
  std::array<std::uint8_t, 2> life{};                ///< By user: see Life.
  std::array<std::uint8_t, executors_max> step{};    ///< See Step.
  std::array<std::uint8_t, executors_max> left{};    ///< The claim that this executor's commit gave up.
  std::uint8_t acknowledged = 0;                     ///< Bits by claim; what the client was told.
  std::uint8_t committed = 0;                        ///< Bits by claim; what came true.
  std::array<std::uint8_t, 2> agent{};               ///< What it knows.
  std::array<std::uint8_t, 2> agent_claim{};

  bool operator==(const World&) const = default;
};

enum class Program : std::uint8_t {
  contention,  ///< Both register; Ada may be removed.
  rename,      ///< Ada has `a`; is renamed away, back, removed. Bob registers.
  second_try,  ///< Ada had `a` and has no name; is renamed back by two executors, removed. Bob registers.
};

/// A state that breaks a promise, and how it came about.
struct Violation {
  std::string what;
  std::vector<std::string> trace;
};

struct Exploration {
  std::size_t states = 0;
  std::optional<Violation> violation;
};

using Visit = std::function<void(const World& next, const char* action, std::size_t actor)>;

/// Calls `visit` with every state that one step leads to.
void visit_next(const World& world, const Rules& rules, const Visit& visit);

/// What is wrong with a state by itself; null if nothing.
const char* broken_promise(const World& world);

/// What never becomes right again if all executors stand still for ever and only the background goes on; null
/// if nothing.
const char* stays_wrong(World world, const Rules& rules);

World beginning(Program program);
Exploration explore(Program program, Broken broken);

}  // namespace muster::model
