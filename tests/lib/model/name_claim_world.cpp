// SPDX-License-Identifier: Apache-2.0
#include "lib/model/name_claim_world.hpp"

namespace muster::model {
namespace {

enum Step : std::uint8_t { idle, reserved, stored, confirmed, taking_back, ended };
enum Life : std::uint8_t { unborn, alive, removed };
enum Knows : std::uint8_t { nothing, row_pending, to_fence, to_confirm, to_cancel, to_release };

constexpr Time early{};
constexpr Time due{Duration{1}};
constexpr Time late{Duration{2}};
constexpr std::size_t ada = 0;
constexpr std::size_t bob = 1;
constexpr std::size_t remover = 5;

struct Claim {
  std::size_t user;
  std::size_t name;
  bool registers;
};
/// By claim. Executor i has claim i + 1; the last executor removes Ada and has none.
constexpr std::array<Claim, claims_max + 1> claims{
    {{}, {ada, 0, true}, {ada, 1, false}, {ada, 0, false}, {ada, 0, false}, {bob, 0, true}}};

UserId user_of(std::size_t claim) {
  return UserId{static_cast<std::int64_t>(claims[claim].user) + 1};
}

ClaimId id_of(std::size_t claim) {
  return ClaimId{static_cast<std::int64_t>(claim)};
}

std::optional<NameRow> row_of(const World& world, std::size_t name) {
  const std::size_t claim = world.row_claim[name];
  if (claim == 0) return std::nullopt;
  return NameRow{user_of(claim), id_of(claim),
                 world.row_pending[name] != 0 ? std::optional<Time>(due) : std::nullopt};
}

std::optional<Guard> guard_of(const World& world, std::size_t claim) {
  if (world.guard[claim] == 0) return std::nullopt;
  return static_cast<Guard>(world.guard[claim]);
}

void set_guard(World& world, std::size_t claim, Guard guard) {
  world.guard[claim] = static_cast<std::uint8_t>(guard);
}

/// The three ways to write a row that is there, each one transaction on the lookup.
bool write_confirmed(World& world, const Rules& rules, std::size_t claim, ClaimId as) {
  const std::size_t name = claims[claim].name;
  const Confirmation answer = rules.confirm(row_of(world, name), user_of(claim), as);
  if (answer == Confirmation::activate) world.row_pending[name] = 0;
  return answer == Confirmation::activate;
}

bool write_removal(World& world, std::size_t claim, RowRemoval answer) {
  const std::size_t name = claims[claim].name;
  if (answer == RowRemoval::nothing) return false;
  world.row_claim[name] = 0;
  world.row_pending[name] = 0;
  return true;
}

bool write_canceled(World& world, const Rules& rules, std::size_t claim, ClaimId as) {
  return write_removal(world, claim, rules.cancel(row_of(world, claims[claim].name), user_of(claim), as));
}

bool write_released(World& world, const Rules& rules, std::size_t claim) {
  return write_removal(world, claim,
                       rules.release(row_of(world, claims[claim].name), user_of(claim), id_of(claim)));
}

bool has_name(const World& world, std::size_t user, std::size_t name) {
  return world.holds[user] != 0 && claims[world.holds[user]].name == name;
}

void give_up_name(World& world, const Rules& rules, std::size_t user, std::size_t executor) {
  const std::size_t old = world.holds[user];
  world.holds[user] = 0;
  world.left[executor] = static_cast<std::uint8_t>(old);
  if (old != 0 && !rules.has(Broken::release_unnoted)) set_guard(world, old, Guard::released);
}

void visit_reservation(const World& world, const Rules& rules, const Visit& visit, std::size_t executor) {
  const std::size_t claim = executor + 1;
  const auto [user, name, registers] = claims[claim];
  if (world.life[user] != (registers ? unborn : alive) || has_name(world, user, name)) return;
  for (const Time now : {early, late}) {
    const Reservation answer = rules.reserve(row_of(world, name), now, user_of(claim), id_of(claim));
    World next = world;
    next.step[executor] = reserved;
    if (answer == Reservation::insert) {
      next.row_claim[name] = static_cast<std::uint8_t>(claim);
      next.row_pending[name] = 1;
    } else if (answer != Reservation::already) {
      continue;
    }
    visit(next, "reserves", executor);
  }
}

void visit_commit(const World& world, const Rules& rules, const Visit& visit, std::size_t executor) {
  const std::size_t claim = executor + 1;
  const auto [user, name, registers] = claims[claim];
  World next = world;
  next.step[executor] = taking_back;
  visit(next, "knows that it did not commit", executor);
  const bool may = world.life[user] == (registers ? unborn : alive) && !has_name(world, user, name);
  const bool again = rules.has(Broken::commit_repeated_after_unknown_outcome) &&
                     (world.committed >> claim & 1U) != 0 && world.life[user] == alive;
  if (!may && !again) return;
  if (rules.commit(guard_of(world, claim)) == Commitment::fenced) return;
  give_up_name(next, rules, user, executor);
  next.holds[user] = static_cast<std::uint8_t>(claim);
  next.life[user] = alive;
  next.committed |= static_cast<std::uint8_t>(1U << claim);
  next.step[executor] = stored;
  visit(next, "commits", executor);
  // Who does not know that it committed does nothing more, which is to stand still here.
  if (rules.has(Broken::cancel_on_unknown_outcome)) next.step[executor] = taking_back;
  if (rules.has(Broken::commit_repeated_after_unknown_outcome)) next.step[executor] = reserved;
  if (next.step[executor] != stored) visit(next, "commits and does not know it", executor);
}

void visit_early_mistakes(const World& world, const Rules& rules, const Visit& visit, std::size_t executor) {
  const std::size_t claim = executor + 1;
  World next = world;
  if (rules.has(Broken::acknowledge_before_commit)) {
    next.acknowledged |= static_cast<std::uint8_t>(1U << claim);
    visit(next, "acknowledges", executor);
  }
  const std::size_t old = world.holds[claims[claim].user];
  if (rules.has(Broken::release_before_commit) && old != 0 && write_released(next, rules, old))
    visit(next, "releases", executor);
}

void visit_executor(const World& world, const Rules& rules, const Visit& visit, std::size_t executor) {
  const std::size_t claim = executor + 1;
  World next = world;
  switch (world.step[executor]) {
    case idle:
      return visit_reservation(world, rules, visit, executor);
    case reserved:
      visit_early_mistakes(world, rules, visit, executor);
      return visit_commit(world, rules, visit, executor);
    case stored:
      write_confirmed(next, rules, claim, id_of(claim));
      next.acknowledged |= static_cast<std::uint8_t>(1U << claim);
      next.step[executor] = world.left[executor] != 0 ? confirmed : ended;
      return visit(next, "confirms and acknowledges", executor);
    case confirmed:
      write_released(next, rules, world.left[executor]);
      next.left[executor] = 0;
      next.step[executor] = ended;
      return visit(next, "releases the old name", executor);
    case taking_back:
      write_canceled(next, rules, claim, id_of(claim));
      next.step[executor] = ended;
      return visit(next, "cancels", executor);
    default:
      return;
  }
}

void visit_removal(const World& world, const Rules& rules, const Visit& visit) {
  World next = world;
  if (world.step[remover] == idle && world.life[ada] == alive) {
    give_up_name(next, rules, ada, remover);
    next.life[ada] = removed;
    next.step[remover] = confirmed;
    visit(next, "removes the user", remover);
  } else if (world.step[remover] == confirmed) {
    if (world.left[remover] != 0) write_released(next, rules, world.left[remover]);
    next.left[remover] = 0;
    next.step[remover] = ended;
    visit(next, "releases the old name", remover);
  }
}

Holding holding_of(const World& world, std::size_t claim) {
  return {guard_of(world, claim), has_name(world, claims[claim].user, claims[claim].name)};
}

/// The home's part of a recovery that reads: what is to be done.
Knows judge(const World& world, const Rules& rules, std::size_t claim, bool pending, Time now) {
  const NameRow row{user_of(claim), id_of(claim), pending ? std::optional<Time>(due) : std::nullopt};
  switch (rules.recover(row, holding_of(world, claim), now)) {
    case RecoveryStep::nothing:
    case RecoveryStep::not_due:
      return nothing;
    case RecoveryStep::confirm:
      return to_confirm;
    case RecoveryStep::cancel:
      return to_cancel;
    case RecoveryStep::release:
      return to_release;
    case RecoveryStep::fence:
      return to_fence;
  }
  return nothing;
}

/// The home's part that fences: a transaction of its own.
Knows fence(World& world, const Rules& rules, std::size_t claim) {
  const Fencing answer = rules.fence(holding_of(world, claim));
  if (answer == Fencing::insert_aborted) set_guard(world, claim, Guard::aborted);
  return answer == Fencing::confirm ? to_confirm : to_cancel;
}

void act(World& world, const Rules& rules, Knows knows, std::size_t claim) {
  const ClaimId as = rules.has(Broken::recovery_ignores_its_claim)
                         ? Rules::claim_of(row_of(world, claims[claim].name), user_of(claim), id_of(claim))
                         : id_of(claim);
  if (knows == to_confirm) write_confirmed(world, rules, claim, as);
  if (knows == to_cancel) write_canceled(world, rules, claim, as);
  if (knows == to_release) write_released(world, rules, claim);
}

void learn(World& world, std::size_t agent, Knows knows, std::size_t claim) {
  world.agent[agent] = knows;
  world.agent_claim[agent] = knows == nothing ? 0 : static_cast<std::uint8_t>(claim);
}

/// What an agent read stands still with it only where it may change meanwhile. A claim that is aborted,
/// released, or whose row is gone stays so: reading it and acting on it are one step.
void visit_recovery(const World& world, const Rules& rules, const Visit& visit, std::size_t agent) {
  const auto knows = static_cast<Knows>(world.agent[agent]);
  const std::size_t claim = world.agent_claim[agent];
  World next = world;
  if (knows == nothing) {
    for (const std::size_t name : {0, 1}) {
      if (world.row_pending[name] == 0) continue;
      learn(next, agent, row_pending, world.row_claim[name]);
      visit(next, "reads a row", agent);
    }
  } else if (knows == row_pending) {
    for (const Time now : {early, late}) {
      next = world;
      learn(next, agent, judge(next, rules, claim, true, now), claim);
      visit(next, "reads what the home knows", agent);
    }
  } else if (knows == to_fence) {
    learn(next, agent, fence(next, rules, claim), claim);
    visit(next, "fences", agent);
  } else {
    act(next, rules, knows, claim);
    learn(next, agent, nothing, 0);
    visit(next, "writes the row", agent);
  }
}

/// Reads the row that a guard is about and does there what it asks for; true: the guard may be forgotten.
bool tend_row(World& world, const Rules& rules, Guard guard, std::size_t claim) {
  switch (rules.tend(guard, row_of(world, claims[claim].name), user_of(claim), id_of(claim))) {
    case GuardStep::keep:
      return false;
    case GuardStep::cancel:
      act(world, rules, to_cancel, claim);
      return false;
    case GuardStep::release:
      act(world, rules, to_release, claim);
      return false;
    case GuardStep::forget:
      return true;
  }
  return false;
}

void visit_tending(const World& world, const Rules& rules, const Visit& visit, std::size_t agent) {
  if (world.agent[agent] != nothing) return;
  for (std::size_t claim = 1; claim <= claims_max; ++claim) {
    const auto guard = guard_of(world, claim);
    if (!guard) continue;
    World next = world;
    if (tend_row(next, rules, *guard, claim)) next.guard[claim] = 0;
    visit(next, "tends a guard", agent);
  }
}

/// One round of everything that goes on by itself.
void background(World& world, const Rules& rules) {
  for (const std::size_t name : {0, 1}) {
    const std::size_t claim = world.row_claim[name];
    if (claim == 0) continue;
    const Knows knows = judge(world, rules, claim, world.row_pending[name] != 0, late);
    act(world, rules, knows == to_fence ? fence(world, rules, claim) : knows, claim);
  }
  for (std::size_t claim = 1; claim <= claims_max; ++claim) {
    const auto guard = guard_of(world, claim);
    if (!guard) continue;
    if (tend_row(world, rules, *guard, claim)) world.guard[claim] = 0;
  }
}

}  // namespace

void visit_next(const World& world, const Rules& rules, const Visit& visit) {
  for (std::size_t executor = 0; executor < remover; ++executor)
    visit_executor(world, rules, visit, executor);
  visit_removal(world, rules, visit);
  // The two agents are alike, so what differs only in who is who counts once.
  const Visit in_order = [&](World next, const char* action, std::size_t actor) {
    if (std::pair(next.agent[0], next.agent_claim[0]) > std::pair(next.agent[1], next.agent_claim[1])) {
      std::swap(next.agent[0], next.agent[1]);
      std::swap(next.agent_claim[0], next.agent_claim[1]);
    }
    visit(next, action, executors_max + actor);
  };
  for (const std::size_t agent : {0, 1}) {
    visit_recovery(world, rules, in_order, agent);
    visit_tending(world, rules, in_order, agent);
  }
}

const char* broken_promise(const World& world) {
  for (const std::size_t name : {0, 1})
    if (has_name(world, ada, name) && has_name(world, bob, name)) return "a name has two owners";
  for (const std::size_t user : {ada, bob}) {
    const std::size_t claim = world.holds[user];
    if (claim == 0) continue;
    const std::size_t name = claims[claim].name;
    if (world.row_claim[name] != claim) return "the lookup does not know a user's name";
    if (world.row_pending[name] != 0 && guard_of(world, claim)) return "a user's name will not be confirmed";
  }
  if ((world.acknowledged & ~world.committed) != 0) return "a name was acknowledged and is not stored";
  return nullptr;
}

const char* stays_wrong(World world, const Rules& rules) {
  for (int rounds = 0; rounds < 4; ++rounds) background(world, rules);
  if (const char* what = broken_promise(world)) return what;
  for (const std::size_t name : {0, 1}) {
    const std::size_t claim = world.row_claim[name];
    const bool owned = has_name(world, ada, name) || has_name(world, bob, name);
    const Reservation answer = rules.reserve(row_of(world, name), early, UserId{3}, ClaimId{claims_max + 1});
    if (answer != (owned ? Reservation::taken : Reservation::insert)) return "a name is refused for ever";
    if (claim != 0 && world.row_pending[name] != 0) return "a name is never confirmed";
  }
  for (std::size_t claim = 1; claim <= claims_max; ++claim)
    if (world.guard[claim] != 0 && guard_of(world, claim) != Guard::aborted) return "a guard stays for ever";
  return nullptr;
}

World beginning(Program program) {
  World out;
  if (program == Program::contention) {
    for (const std::size_t executor : {1, 2, 3}) out.step[executor] = ended;
  } else if (program == Program::second_try) {
    for (const std::size_t executor : {0, 1}) out.step[executor] = ended;
    out.life[ada] = alive;
  } else {
    out.step[0] = stored;
    out.step[3] = ended;
    out.row_claim[0] = 1;
    out.row_pending[0] = 1;
    out.holds[ada] = 1;
    out.life[ada] = alive;
    out.committed = 1U << 1;
  }
  return out;
}

}  // namespace muster::model
