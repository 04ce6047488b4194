// SPDX-License-Identifier: Apache-2.0
/// @file What a MemoryCache has done and what it holds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace muster::cached {

struct MemoryCacheCounters {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions =
      0;  ///< Entries that went for want of room, those that were not admitted among them.
  std::size_t entries = 0;
  std::size_t size_bytes = 0;

  MemoryCacheCounters& operator+=(const MemoryCacheCounters& other) {
    hits += other.hits;
    misses += other.misses;
    evictions += other.evictions;
    entries += other.entries;
    size_bytes += other.size_bytes;
    return *this;
  }
};

}  // namespace muster::cached
