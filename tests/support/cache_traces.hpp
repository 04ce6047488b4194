// SPDX-License-Identifier: Apache-2.0
/// @file Traces of accesses, and what other caches make of them: what Muster's own cache is held against.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace muster::test {

using Trace = std::vector<std::uint64_t>;

/// Keys 0..keys-1, of which key k is asked for 1 / (k + 1) ^ exponent as often as key 0.
class Zipf {
 public:
  Zipf(std::size_t keys, double exponent);
  /// `random` must be evenly spread.
  [[nodiscard]] std::uint64_t operator()(std::uint64_t random) const;

 private:
  struct Column {
    double own_share = 1;
    std::uint32_t other = 0;
  };
  std::vector<Column> columns_;
};

/// The same numbers for the same seed, on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()();

 private:
  std::uint64_t state_;
};

Trace zipf_trace(std::size_t keys, std::size_t accesses, std::uint64_t seed, double exponent = 1.0);
/// Of ten accesses four are a scan over keys that are asked for once.
Trace zipf_with_scan(std::size_t keys, std::size_t accesses, std::uint64_t seed);
/// Four times in its course other keys are the hot ones.
Trace shifting_trace(std::size_t keys, std::size_t accesses, std::uint64_t seed);
/// What is new is hot for a while, as sessions are: each key is asked for several times soon after the first.
Trace bursts_trace(std::size_t accesses, std::uint64_t seed);

/// Hit rates from the first access on, with room for that many keys.
double lru_hit_rate(const Trace& trace, std::size_t room);
/// The best there can be: it gives up what is asked for again latest, and does not take in what is asked for
/// later.
double best_hit_rate(const Trace& trace, std::size_t room);
/// What model::CachePolicy does.
double policy_hit_rate(const Trace& trace, std::size_t room);
/// On the second trace alone, after the first.
double policy_hit_rate_after(const Trace& before, const Trace& trace, std::size_t room);
/// After a warm-up with those keys, which asks for each twice before it puts it in.
double policy_hit_rate_warmed(const Trace& warm, const Trace& trace, std::size_t room);

}  // namespace muster::test
