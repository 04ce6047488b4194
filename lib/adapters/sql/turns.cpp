// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/turns.hpp"

#include <algorithm>

namespace muster::sql {

Turns::Turns(std::size_t count, std::size_t inner) : outer_(count - inner), has_inner_(inner > 0) {
  for (std::size_t i = 0; i < count; ++i) group_of(i).push_back(i);
}

std::optional<std::size_t> Turns::take(std::chrono::milliseconds wait_max, Holding holding) {
  std::unique_lock lock(mutex_);
  auto& group = holding == Holding::a_turn && has_inner_ ? free_inner_ : free_;
  if (group.empty()) {
    const int less = has_inner_ ? 1 : 0;
    wait_for_others_ += less;
    const bool freed = freed_.wait_for(lock, wait_max, [&] { return !group.empty(); });
    wait_for_others_ -= less;
    if (!freed) return std::nullopt;
  }
  const std::size_t index = group.back();
  group.pop_back();
  return index;
}

std::size_t Turns::idle() const {
  const std::lock_guard lock(mutex_);
  return free_.size() + free_inner_.size();
}

void Turns::take_one(std::size_t index) {
  std::unique_lock lock(mutex_);
  auto& group = group_of(index);
  auto found = group.end();
  ++wait_for_others_;
  freed_.wait(lock, [&] {
    found = std::find(group.begin(), group.end(), index);
    return found != group.end();
  });
  --wait_for_others_;
  group.erase(found);
}

void Turns::give_back(std::size_t index) {
  const std::lock_guard lock(mutex_);
  group_of(index).push_back(index);
  // One who waits for another turn must not be the only one to be woken.
  if (wait_for_others_ > 0)
    freed_.notify_all();
  else
    freed_.notify_one();
}

std::vector<std::size_t> Turns::take_idle(std::size_t kept) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(free_.size() - std::min(kept, free_.size()));
  std::vector<std::size_t> idle(free_.begin(), free_.begin() + count);
  free_.erase(free_.begin(), free_.begin() + count);
  idle.insert(idle.end(), free_inner_.begin(), free_inner_.end());
  free_inner_.clear();
  return idle;
}

void Turns::give_back_idle(const std::vector<std::size_t>& indexes) {
  const std::lock_guard lock(mutex_);
  for (const std::size_t index : indexes) {
    auto& group = group_of(index);
    group.insert(group.begin(), index);
  }
  freed_.notify_all();
}

}  // namespace muster::sql
