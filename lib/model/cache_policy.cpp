// SPDX-License-Identifier: Apache-2.0
#include "model/cache_policy.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cmath>

namespace muster::model {
namespace {

constexpr double window_share_first = 0.01;
constexpr double window_share_max = 0.8;
constexpr double protected_share = 0.8;
constexpr double step_first = 0.0625;
/// Each step is a little smaller than the one before, so that the climb comes to rest at the top...
constexpr double step_decay = 0.98;
/// ... until the hit rate changes by so much that it must be another workload.
constexpr double hit_rate_change_restart = 0.05;
constexpr std::size_t accesses_per_entry = 10;

}  // namespace

CachePolicy::CachePolicy(std::size_t size_bytes_max, std::size_t step_accesses_min)
    : size_bytes_max_(size_bytes_max),
      step_accesses_min_(step_accesses_min),
      nodes_(segment_count),
      window_share_(window_share_first),
      step_(step_first) {
  for (std::uint32_t i = 0; i < segment_count; ++i) nodes_[i].before = nodes_[i].after = i;
  set_window(window_share_first);
}

void CachePolicy::hit(Place place) {
  Node& node = nodes_[place];
  sketch_.note(node.hash);
  if (node.segment == protected_segment) {
    node.wanted = true;
  } else {
    move(place, node.segment == window ? window : protected_segment);
    bound_protected();
  }
  count_access(true);
}

void CachePolicy::miss(std::uint64_t hash) {
  sketch_.note(hash);
  count_access(false);
}

CachePolicy::Place CachePolicy::insert(std::uint64_t hash, std::size_t size_bytes, std::vector<Place>& gone) {
  Place place = 0;
  if (free_.empty()) {
    place = static_cast<Place>(nodes_.size());
    nodes_.emplace_back();
    // So that giving up an entry never needs memory.
    free_.reserve(nodes_.capacity());
  } else {
    place = free_.back();
    free_.pop_back();
  }
  nodes_[place].hash = hash;
  nodes_[place].size_bytes = std::max<std::size_t>(size_bytes, 1);
  size_bytes_ += nodes_[place].size_bytes;
  sketch_.make_room_for(++entries_);
  // What is larger than the window must not drive all others out of it.
  const bool is_large = nodes_[place].size_bytes > window_bytes_max_;
  link(place, is_large ? probation : window);
  if (is_large) decide(place, gone);
  make_room(gone);
  return place;
}

void CachePolicy::resize(Place place, std::size_t size_bytes, std::vector<Place>& gone) {
  Node& node = nodes_[place];
  const Segment segment = node.segment;
  unlink(place);
  size_bytes_ -= node.size_bytes;
  node.size_bytes = std::max<std::size_t>(size_bytes, 1);
  size_bytes_ += node.size_bytes;
  link(place, segment);
  if (node.size_bytes > size_bytes_max_) return give_up(place, gone);
  bound_protected();
  make_room(gone);
}

void CachePolicy::remove(Place place) {
  unlink(place);
  size_bytes_ -= nodes_[place].size_bytes;
  --entries_;
  free_.push_back(place);
}

void CachePolicy::link(Place place, Segment segment) {
  Node& head = nodes_[segment];
  Node& node = nodes_[place];
  node.segment = segment;
  node.wanted = false;
  node.before = segment;
  node.after = head.after;
  nodes_[head.after].before = place;
  head.after = place;
  segment_bytes_[segment] += node.size_bytes;
}

void CachePolicy::unlink(Place place) {
  const Node& node = nodes_[place];
  nodes_[node.before].after = node.after;
  nodes_[node.after].before = node.before;
  segment_bytes_[node.segment] -= node.size_bytes;
}

void CachePolicy::move(Place place, Segment segment) {
  unlink(place);
  link(place, segment);
}

void CachePolicy::give_up(Place place, std::vector<Place>& gone) {
  remove(place);
  gone.push_back(place);
}

void CachePolicy::make_room(std::vector<Place>& gone) {
  while (segment_bytes_[window] > window_bytes_max_ && !is_empty(window)) {
    const Place candidate = oldest(window);
    move(candidate, probation);
    decide(candidate, gone);
  }
  // Without a candidate, because an entry or the window grew.
  while (size_bytes_ > size_bytes_max_) {
    const Segment from = !is_empty(probation)           ? probation
                         : !is_empty(protected_segment) ? protected_segment
                                                        : window;
    MUSTER_CHECK(!is_empty(from));
    give_up(oldest(from), gone);
  }
}

/// The candidate, the newest on probation, against the oldest there: as many as it needs the room of, or
/// none.
void CachePolicy::decide(Place candidate, std::vector<Place>& gone) {
  const unsigned wanted = sketch_.count(nodes_[candidate].hash);
  std::size_t freed = 0;
  Place victim = oldest(probation);
  for (; size_bytes_ - freed > size_bytes_max_; victim = nodes_[victim].before) {
    if (victim == candidate || wanted <= sketch_.count(nodes_[victim].hash)) return give_up(candidate, gone);
    freed += nodes_[victim].size_bytes;
  }
  while (oldest(probation) != victim) give_up(oldest(probation), gone);
}

void CachePolicy::bound_protected() {
  while (segment_bytes_[protected_segment] > protected_bytes_max_ && !is_empty(protected_segment)) {
    const Place place = oldest(protected_segment);
    move(place, nodes_[place].wanted ? protected_segment : probation);
  }
}

void CachePolicy::count_access(bool was_hit) {
  hits_ += was_hit ? 1 : 0;
  if (++accesses_ < std::max(step_accesses_min_, accesses_per_entry * entries_)) return;
  const double hit_rate = static_cast<double>(hits_) / static_cast<double>(accesses_);
  const double change = hit_rate - last_hit_rate_;
  const double direction = (step_ < 0) == (change < 0) ? 1 : -1;
  const double size = std::abs(change) >= hit_rate_change_restart ? step_first : std::abs(step_) * step_decay;
  step_ = direction * size;
  last_hit_rate_ = hit_rate;
  accesses_ = hits_ = 0;
  set_window(window_share_ + step_);
}

void CachePolicy::set_window(double share) {
  window_share_ = std::clamp(share, 0.0, window_share_max);
  window_bytes_max_ = static_cast<std::size_t>(window_share_ * static_cast<double>(size_bytes_max_));
  protected_bytes_max_ =
      static_cast<std::size_t>(protected_share * static_cast<double>(size_bytes_max_ - window_bytes_max_));
}

}  // namespace muster::model
