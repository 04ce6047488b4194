// SPDX-License-Identifier: Apache-2.0
/// @file Which users this daemon was asked for of late, and how often: what a warm-up of the cache reads, and
/// what hit rates are foretold from. Kept over restarts in a small file of the data folder, not in the store:
/// it says what this daemon's clients want, it may be lost, and to note a read must not cost a write to the
/// database. Thread-safe; to note an access takes some tens of nanoseconds.
#pragma once

#include "base/result.hpp"
#include "model/access_sample.hpp"
#include "model/hot_users.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace muster::ops {

class AccessSamples {
 public:
  AccessSamples() = default;
  AccessSamples(const AccessSamples&) = delete;
  AccessSamples& operator=(const AccessSamples&) = delete;

  void note(UserId user);

  /// Those who were asked for most, the first first.
  [[nodiscard]] std::vector<UserId> hottest(std::size_t count) const;
  /// How many users are known to be asked for at all.
  [[nodiscard]] std::size_t users() const;
  [[nodiscard]] model::AccessTrace trace() const;
  [[nodiscard]] std::uint64_t accesses() const { return accesses_.load(std::memory_order_relaxed); }

  /// Counts for half from now on.
  void age();

  /// Error: unavailable.
  Status save(const std::string& path) const;
  /// What save() wrote, in the place of what is known. A file that is not there is no error.
  /// Error: invalid_argument (it is damaged: nothing is known then).
  Status load(const std::string& path);

 private:
  static constexpr std::size_t stripe_count = 64;

  std::mutex& stripe_of(std::uint32_t slot) const { return stripes_[slot % stripe_count]; }
  [[nodiscard]] std::vector<model::HotUser> known() const;

  std::atomic<std::uint64_t> accesses_{0};
  mutable std::array<std::mutex, stripe_count> stripes_;
  model::HotUsers hot_;
  mutable std::mutex sample_mutex_;
  model::AccessSample sample_;
  /// The sample's, to be looked at without its lock.
  std::atomic<std::uint64_t> threshold_{~std::uint64_t{0}};
};

/// The file's content, and back. Error of the second: invalid_argument.
struct SavedAccesses {
  std::vector<model::HotUser> hot;
  model::AccessTrace trace;
};
std::string encode_accesses(const SavedAccesses& saved);
Result<SavedAccesses> decode_accesses(std::string_view text);

}  // namespace muster::ops
