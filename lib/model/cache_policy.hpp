// SPDX-License-Identifier: Apache-2.0
/// @file What a cache keeps and what it gives up, by how often each key was asked for of late (W-TinyLFU).
/// New entries come into a small window; what falls out of the window stays only if its key was asked for
/// more often than that of the entry it would drive out. The rest is in two segments: on probation, and
/// protected after a further access. How large the window is follows the hit rate: what is asked for in
/// bursts wants a large one, steady popularity a small one. It knows hashes and sizes only; who owns it keeps
/// keys and values by the entries' places. Pure: no clock, no randomness. Not thread-safe.
#pragma once

#include "model/frequency_sketch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster::model {

class CachePolicy {
 public:
  /// An entry's number, used again after the entry is gone: small and dense.
  using Place = std::uint32_t;

  /// `step_accesses_min`: after how many accesses at least the window is changed again; fewer tell too
  /// little.
  explicit CachePolicy(std::size_t size_bytes_max, std::size_t step_accesses_min = 10'000);

  /// The entry was asked for.
  void hit(Place place);
  /// A key was asked for that has no entry.
  void miss(std::uint64_t hash);
  /// A new entry, which must not be there already. Those that are gone for it are appended to `gone`, itself
  /// among them if it was not admitted. `size_bytes` counts as 1 at least.
  Place insert(std::uint64_t hash, std::size_t size_bytes, std::vector<Place>& gone);
  /// The entry's size changed; otherwise as insert().
  void resize(Place place, std::size_t size_bytes, std::vector<Place>& gone);
  void remove(Place place);

  /// About what it needs itself for each entry, in bytes.
  static constexpr std::size_t entry_bytes = 64;

  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] std::size_t entries() const { return entries_; }
  [[nodiscard]] std::size_t window_bytes_max() const { return window_bytes_max_; }

 private:
  enum Segment : std::uint32_t { window, probation, protected_segment, segment_count };
  /// One of a ring for each segment, whose head is the node with the segment's own number.
  struct Node {
    std::uint64_t hash = 0;
    std::size_t size_bytes = 0;
    Place before = 0;
    Place after = 0;
    Segment segment = window;
    /// Asked for since it is where it is: it need not be moved each time.
    bool wanted = false;
  };

  void link(Place place, Segment segment);
  void unlink(Place place);
  void move(Place place, Segment segment);
  [[nodiscard]] bool is_empty(Segment segment) const { return nodes_[segment].before == segment; }
  [[nodiscard]] Place oldest(Segment segment) const { return nodes_[segment].before; }
  void give_up(Place place, std::vector<Place>& gone);
  void make_room(std::vector<Place>& gone);
  void decide(Place candidate, std::vector<Place>& gone);
  void bound_protected();
  void count_access(bool was_hit);
  void set_window(double share);

  const std::size_t size_bytes_max_;
  const std::size_t step_accesses_min_;
  FrequencySketch sketch_;
  std::vector<Node> nodes_;
  std::vector<Place> free_;
  std::array<std::size_t, segment_count> segment_bytes_{};
  std::size_t size_bytes_ = 0;
  std::size_t entries_ = 0;
  std::size_t window_bytes_max_ = 0;
  std::size_t protected_bytes_max_ = 0;

  // The climb towards the best window: its last step, and the hit rate before it.
  double window_share_;
  double step_;
  double last_hit_rate_ = 0;
  std::size_t accesses_ = 0;
  std::size_t hits_ = 0;
};

}  // namespace muster::model
