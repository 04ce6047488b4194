// SPDX-License-Identifier: Apache-2.0
/// @file Foretells how often a cache will have what it is asked for, from a sample of accesses. The cache's
/// own policy is run over the sample, with as much less room as the sample has fewer users. The curve of
/// stack distances, which is usual for LRU, is off by more than ten points where this is within three (the
/// tests compare them), because what the cache keeps is decided by frequency and not by recency. What was
/// seen must be some accesses for each place in the cache: from less, too low a rate is foretold. Pure
/// functions: thread-safe.
#pragma once

#include "model/access_sample.hpp"

#include <optional>
#include <unordered_set>

namespace muster::model {

struct HitRate {
  double expected = 0;
  /// Nine times in ten it is between them, if users are asked for as they were.
  double low = 0;
  double high = 1;
};

/// What is in the cache to begin with.
struct Warm {
  /// Those users...
  std::unordered_set<UserId> users{};
  /// ... and that many of those who were asked for most. Judged by accesses other than those that are
  /// foretold.
  std::size_t hottest = 0;
};

struct CacheQuestion {
  std::size_t room = 0;  ///< How many users there is room for.
  Warm warm{};
  /// Over how many accesses the hit rate is taken; nothing: over all there will be, once it has settled.
  std::optional<std::size_t> accesses{};
};

/// Nothing where the sample is too small to say anything.
std::optional<HitRate> foretell_hit_rate(const AccessTrace& trace, const CacheQuestion& question);

}  // namespace muster::model
