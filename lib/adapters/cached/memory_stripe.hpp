// SPDX-License-Identifier: Apache-2.0
/// @file One of the parts of a MemoryCache: a table of entries under a lock, and the policy that bounds it.
/// Thread-safe.
#pragma once

#include "adapters/cached/memory_cache_counters.hpp"
#include "model/cache_policy.hpp"
#include "model/keyed_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace muster::cached {

template <class Key, class Value>
class alignas(64) MemoryStripe {
 public:
  explicit MemoryStripe(std::size_t size_bytes_max) : policy_(size_bytes_max), heads_(16, nowhere) {}

  std::shared_ptr<const Value> get(std::uint64_t hash, const Key& key) {
    const std::lock_guard lock(mutex_);
    const Place place = find(hash, key);
    if (place == nowhere) {
      ++counters_.misses;
      policy_.miss(hash);
      return nullptr;
    }
    ++counters_.hits;
    // The count of its owners is fetched while the policy works: most of a hit is waiting for memory.
    __builtin_prefetch(entries_[place].value.get(), 1);
    policy_.hit(place);
    return entries_[place].value;
  }

  template <class Replaces>
  bool put_if(std::uint64_t hash, const Key& key, std::shared_ptr<const Value> value, std::size_t size_bytes,
              const Replaces& replaces) {
    // What goes is destroyed when the lock is free again.
    std::vector<std::shared_ptr<const Value>> dropped;
    const std::lock_guard lock(mutex_);
    gone_.clear();
    const Place there = find(hash, key);
    if (there != nowhere) {
      if (!replaces(*entries_[there].value)) return false;
      dropped.push_back(std::exchange(entries_[there].value, std::move(value)));
      policy_.resize(there, size_bytes + entry_bytes, gone_);
    } else {
      add(policy_.insert(hash, size_bytes + entry_bytes, gone_), hash, key, std::move(value));
    }
    counters_.evictions += gone_.size();
    for (const Place each : gone_) dropped.push_back(take(each));
    return true;
  }

  bool erase(std::uint64_t hash, const Key& key) {
    std::shared_ptr<const Value> dropped;
    const std::lock_guard lock(mutex_);
    const Place place = find(hash, key);
    if (place == nowhere) return false;
    policy_.remove(place);
    dropped = take(place);
    return true;
  }

  void clear() {
    std::vector<Entry> dropped;
    const std::lock_guard lock(mutex_);
    for (Place& head : heads_)
      for (Place place = std::exchange(head, nowhere); place != nowhere; place = entries_[place].next)
        policy_.remove(place);
    dropped.swap(entries_);
    entries_.resize(dropped.size());
  }

  [[nodiscard]] MemoryCacheCounters counters() const {
    const std::lock_guard lock(mutex_);
    MemoryCacheCounters now = counters_;
    now.entries = policy_.entries();
    now.size_bytes = policy_.size_bytes();
    return now;
  }

 private:
  using Place = model::CachePolicy::Place;
  static constexpr Place nowhere = ~Place{0};
  struct Entry {
    std::uint64_t hash = 0;
    Place next = nowhere;
    Key key{};
    std::shared_ptr<const Value> value;
  };

 public:
  static constexpr std::size_t entry_bytes =
      sizeof(Entry) + model::CachePolicy::entry_bytes + 4 * sizeof(Place);

 private:
  Place& head_of(std::uint64_t hash) { return heads_[hash & (heads_.size() - 1)]; }

  Place find(std::uint64_t hash, const Key& key) {
    Place place = head_of(hash);
    while (place != nowhere && !(entries_[place].hash == hash && entries_[place].key == key))
      place = entries_[place].next;
    return place;
  }

  void add(Place place, std::uint64_t hash, const Key& key, std::shared_ptr<const Value> value) {
    if (place >= entries_.size()) entries_.resize(place + std::size_t{1});
    if (entries_.size() * 2 > heads_.size()) spread_out();
    entries_[place] = {hash, std::exchange(head_of(hash), place), key, std::move(value)};
  }

  /// Takes an entry out that the policy no longer knows.
  std::shared_ptr<const Value> take(Place place) {
    Place* link = &head_of(entries_[place].hash);
    while (*link != place) link = &entries_[*link].next;
    *link = entries_[place].next;
    return std::exchange(entries_[place], Entry{}).value;
  }

  void spread_out() {
    std::vector<Place> old(heads_.size() * 2, nowhere);
    old.swap(heads_);
    for (const Place head : old)
      for (Place place = head; place != nowhere;) {
        const Place next = entries_[place].next;
        entries_[place].next = std::exchange(head_of(entries_[place].hash), place);
        place = next;
      }
  }

  mutable std::mutex mutex_;
  model::CachePolicy policy_;
  std::vector<Place> heads_;
  std::vector<Entry> entries_;
  std::vector<Place> gone_;
  MemoryCacheCounters counters_;
};

}  // namespace muster::cached
