// SPDX-License-Identifier: Apache-2.0
/// @file What users were asked for of late, in bounded memory: the latest accesses to some of them. Which
/// ones is decided by a hash of their ids, so that of each that is looked at every access is known: a cache a
/// hundredth as large in front of a hundredth of the users hits as often as the whole one (SHARDS). The share
/// shrinks as more users are seen. Pure: no clock, no randomness. Not thread-safe.
#pragma once

#include "base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace muster::model {

struct AccessSampleLimits {
  std::size_t accesses_max = 131'072;
  std::size_t users_max = 16'384;
};

/// Accesses in their order to the users of a sample, and what they stand for.
struct AccessTrace {
  std::vector<UserId> accesses;
  double rate = 1;          ///< The share of all users that is looked at.
  double all_accesses = 0;  ///< How many there were in the same time to all users.
};

class AccessSample {
 public:
  explicit AccessSample(AccessSampleLimits limits = {}) : limits_(limits) {}

  /// Users whose hash is below are looked at.
  [[nodiscard]] std::uint64_t threshold() const { return threshold_; }
  static std::uint64_t hash_of(UserId user);

  /// `before`: how many accesses to any users there were before this one. Nothing happens for a user who is
  /// not looked at.
  void note(UserId user, std::uint64_t before);
  /// `before`: how many accesses there were till now.
  [[nodiscard]] AccessTrace trace(std::uint64_t before) const;
  /// Begins with what an earlier sample knew, as if it had ended at access number 0.
  static AccessSample restored(const AccessTrace& trace, AccessSampleLimits limits = {});

 private:
  struct Access {
    UserId user;
    std::int64_t before = 0;
  };

  void forget_oldest();
  void look_at_fewer();

  AccessSampleLimits limits_;
  std::uint64_t threshold_ = ~std::uint64_t{0};
  std::deque<Access> accesses_;
  std::unordered_map<UserId, std::uint32_t> users_;
  /// All accesses after this one are known.
  std::int64_t since_ = 0;
};

}  // namespace muster::model
