// SPDX-License-Identifier: Apache-2.0
/// @file Whose turn it is at which of a fixed number of connections, counted from 0. Stores that share
/// connections share their turns. Some may be kept for those who have a turn already: were all to wait for a
/// second one, nobody would come to give one back. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace muster::sql {

/// What the one who wants a turn has.
enum class Holding : std::uint8_t { nothing, a_turn };

class Turns {
 public:
  /// The last `inner` of them are for those who have a turn, here or elsewhere; with none, all are for all.
  explicit Turns(std::size_t count, std::size_t inner = 0);

  /// The one used last of those that are free, as it has the warmest cache. Nothing when none came free in
  /// time.
  std::optional<std::size_t> take(std::chrono::milliseconds wait_max, Holding holding);
  /// Waits for that one, as long as its turn lasts.
  void take_one(std::size_t index);
  void give_back(std::size_t index);

  /// How many are free now.
  [[nodiscard]] std::size_t idle() const;
  /// Those that are free now, all but the `kept` that were used last. They are given back with
  /// give_back_idle().
  std::vector<std::size_t> take_idle(std::size_t kept);
  void give_back_idle(const std::vector<std::size_t>& indexes);

 private:
  std::vector<std::size_t>& group_of(std::size_t index) { return index < outer_ ? free_ : free_inner_; }

  const std::size_t outer_;
  const bool has_inner_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::size_t> free_;  ///< The one used last is the last.
  std::vector<std::size_t> free_inner_;
  int wait_for_others_ = 0;  ///< Who waits for less than just any one.
};

}  // namespace muster::sql
