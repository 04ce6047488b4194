// SPDX-License-Identifier: Apache-2.0
/// @file About how often each key was asked for of late, in eight bytes for each key that a cache holds: a
/// count-min sketch of four-bit counters, all halved now and then so that what was popular long ago is
/// forgotten. A count may be too high (keys share counters), never too low by more than the halvings. Not
/// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster::model {

class FrequencySketch {
 public:
  static constexpr unsigned count_max = 15;

  /// For a cache of that many entries.
  explicit FrequencySketch(std::size_t entries = 0);

  /// The cache has that many entries by now. Counts are kept.
  void make_room_for(std::size_t entries);
  /// `hash` must be evenly spread over all its bits but the highest eight.
  void note(std::uint64_t hash);
  /// 0..count_max.
  [[nodiscard]] unsigned count(std::uint64_t hash) const;

 private:
  void halve();

  /// A power of two, of eight words for each block: all counters of a key are in one cache line.
  std::vector<std::uint64_t> words_;
  std::size_t block_mask_ = 0;
  std::size_t noted_ = 0;
  std::size_t noted_max_ = 0;
};

}  // namespace muster::model
