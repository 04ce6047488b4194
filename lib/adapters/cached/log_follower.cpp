// SPDX-License-Identifier: Apache-2.0
#include "adapters/cached/log_follower.hpp"

#include "model/slot.hpp"

#include <algorithm>
#include <array>

namespace muster::cached {
namespace {

constexpr std::size_t entries_of_a_page = 2'000;
/// So that who waits for it does not wait long.
constexpr std::int64_t entries_at_a_time = 20'000;
/// Units that run side by side end within moments: what they have written lies close together.
constexpr std::array<std::int64_t, 3> ways_back{0, 500, 20'000};

}  // namespace

LogFollower::LogFollower() : slots_(model::slot_count), ends_(model::slot_count) {}

Result<std::int64_t> LogFollower::begin(ports::Unit& unit) {
  MUSTER_TRY(const auto rows, unit.slots().slots());
  MUSTER_TRY(last_id_, unit.slots().end_of_log());
  was_at_end_ = true;
  std::int64_t users = 0;
  for (const ports::SlotRow& each : rows) {
    slots_[each.slot] = {each.owned ? each.epoch : 0, each.seq};
    if (each.owned) users += each.users;
  }
  return users;
}

Result<LogFollower::State> LogFollower::follow(ports::Unit& unit, const Use& use) {
  MUSTER_TRY(const auto rows, unit.slots().slots());
  for (const ports::SlotRow& each : rows) {
    const Slot& slot = slots_[each.slot];
    if ((each.owned ? each.epoch : 0) != slot.epoch || (each.owned && each.seq < slot.seq))
      return State::lost;
    ends_[each.slot] = each.seq;
  }
  for (const std::int64_t back : ways_back) {
    MUSTER_TRY(const auto state, read_from(unit, back, use));
    if (state) return *state;
  }
  return State::lost;
}

Result<std::optional<LogFollower::State>> LogFollower::read_from(ports::Unit& unit, std::int64_t back,
                                                                 const Use& use) {
  const auto is_complete = [&] {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].epoch != 0 && slots_[i].seq != ends_[i]) return false;
    return true;
  };
  // Most often nothing has changed.
  if (was_at_end_ && is_complete()) return std::optional(State::current);
  was_at_end_ = false;
  std::int64_t after = std::max<std::int64_t>(last_id_ - back, 0);
  for (std::int64_t left = back + entries_at_a_time; left > 0;) {
    MUSTER_TRY(const auto entries, unit.slots().log(after, entries_of_a_page));
    if (!take(entries, use)) return std::optional<State>{};
    if (!entries.empty()) after = entries.back().id;
    if (entries.size() < entries_of_a_page) {
      last_id_ = std::max(last_id_, after);
      was_at_end_ = is_complete();
      return was_at_end_ ? std::optional(State::current) : std::nullopt;
    }
    left -= static_cast<std::int64_t>(entries.size());
  }
  last_id_ = std::max(last_id_, after);
  return std::optional(State::behind);
}

bool LogFollower::take(std::span<const ports::LoggedChange> entries, const Use& use) {
  std::vector<UserId> users;
  bool is_whole = true;
  for (const ports::LoggedChange& each : entries) {
    Slot& slot = slots_[each.slot];
    if (slot.epoch == 0) continue;
    is_whole = each.seq <= slot.seq || (each.seq == slot.seq + 1 && each.is_first);
    if (!is_whole) break;
    slot.seq = std::max(slot.seq, each.seq);
    if (each.is_of_user) users.push_back(each.user);
  }
  use(users);
  return is_whole;
}

}  // namespace muster::cached
