// SPDX-License-Identifier: Apache-2.0
#include "support/cache_traces.hpp"

#include "model/cache_policy.hpp"
#include "model/slot.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <list>
#include <set>
#include <unordered_map>

namespace muster::test {
namespace {

/// A key's access to what a trace's part has as its own keys.
constexpr std::uint64_t own_keys(std::uint64_t part, std::uint64_t key) {
  return part << 40U | key;
}

double share(std::size_t hits, const Trace& trace) {
  return static_cast<double>(hits) / static_cast<double>(trace.size());
}

}  // namespace

Zipf::Zipf(std::size_t keys, double exponent) : columns_(keys) {
  std::vector<double> weights(keys);
  double sum = 0;
  for (std::size_t i = 0; i < keys; ++i) sum += weights[i] = std::pow(static_cast<double>(i + 1), -exponent);
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  for (std::size_t i = 0; i < keys; ++i) {
    weights[i] *= static_cast<double>(keys) / sum;
    (weights[i] < 1 ? small : large).push_back(static_cast<std::uint32_t>(i));
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t less = small.back();
    const std::uint32_t more = large.back();
    small.pop_back();
    columns_[less] = {weights[less], more};
    weights[more] -= 1 - weights[less];
    if (weights[more] >= 1) continue;
    large.pop_back();
    small.push_back(more);
  }
}

std::uint64_t Zipf::operator()(std::uint64_t random) const {
  const std::uint64_t index = (random >> 32U) * columns_.size() >> 32U;
  const double rest = static_cast<double>(random & 0xffffffffU) / 4294967296.0;
  return rest < columns_[index].own_share ? index : columns_[index].other;
}

std::uint64_t Random::operator()() {
  return model::slot_hash(state_++);
}

Trace zipf_trace(std::size_t keys, std::size_t accesses, std::uint64_t seed, double exponent) {
  const Zipf zipf(keys, exponent);
  Random random(seed);
  Trace trace(accesses);
  for (std::uint64_t& each : trace) each = zipf(random());
  return trace;
}

Trace zipf_with_scan(std::size_t keys, std::size_t accesses, std::uint64_t seed) {
  Trace trace = zipf_trace(keys, accesses, seed);
  for (std::size_t i = 0; i < accesses; ++i)
    if (i % 10 < 4) trace[i] = own_keys(1, i);
  return trace;
}

Trace shifting_trace(std::size_t keys, std::size_t accesses, std::uint64_t seed) {
  Trace trace = zipf_trace(keys, accesses, seed);
  const std::size_t part = accesses / 4 + 1;
  for (std::size_t i = 0; i < accesses; ++i) trace[i] = own_keys(1 + i / part, trace[i]);
  return trace;
}

Trace bursts_trace(std::size_t accesses, std::uint64_t seed) {
  constexpr std::size_t hot_keys = 400;
  Random random(seed);
  Trace trace(accesses);
  std::vector<std::uint64_t> hot(hot_keys);
  std::uint64_t next = 0;
  for (std::uint64_t& each : hot) each = next++;
  for (std::uint64_t& each : trace) {
    std::uint64_t& key = hot[random() % hot_keys];
    each = key;
    if (random() % 6 == 0) key = next++;
  }
  return trace;
}

double lru_hit_rate(const Trace& trace, std::size_t room) {
  std::list<std::uint64_t> order;
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> there;
  std::size_t hits = 0;
  for (const std::uint64_t key : trace) {
    if (const auto found = there.find(key); found != there.end()) {
      ++hits;
      order.splice(order.begin(), order, found->second);
      continue;
    }
    if (order.size() == room) {
      there.erase(order.back());
      order.pop_back();
    }
    order.push_front(key);
    there.emplace(key, order.begin());
  }
  return share(hits, trace);
}

double best_hit_rate(const Trace& trace, std::size_t room) {
  constexpr std::size_t never = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> next(trace.size(), never);
  std::unordered_map<std::uint64_t, std::size_t> seen;
  for (std::size_t i = trace.size(); i-- > 0;) {
    const auto [place, is_new] = seen.try_emplace(trace[i], i);
    if (!is_new) next[i] = std::exchange(place->second, i);
  }
  /// The accesses that what is kept waits for.
  std::set<std::size_t> waits;
  std::size_t hits = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    if (!waits.empty() && *waits.begin() == i) {
      ++hits;
      waits.erase(waits.begin());
    }
    if (next[i] == never) continue;
    waits.insert(next[i]);
    if (waits.size() > room) waits.erase(std::prev(waits.end()));
  }
  return share(hits, trace);
}

double policy_hit_rate(const Trace& trace, std::size_t room) {
  return policy_hit_rate_after({}, trace, room);
}

namespace {

class PolicyCache {
 public:
  explicit PolicyCache(std::size_t room) : policy_(room) {}

  void warm(std::uint64_t key) {
    policy_.miss(model::slot_hash(key));
    access(key);
  }
  bool access(std::uint64_t key) {
    if (const auto found = there_.find(key); found != there_.end()) {
      policy_.hit(found->second);
      return true;
    }
    const std::uint64_t hash = model::slot_hash(key);
    policy_.miss(hash);
    gone_.clear();
    const auto place = policy_.insert(hash, 1, gone_);
    keys_.resize(std::max<std::size_t>(keys_.size(), place + std::size_t{1}));
    keys_[place] = key;
    there_.emplace(key, place);
    for (const auto each : gone_) there_.erase(keys_[each]);
    return false;
  }
  double hit_rate(const Trace& trace) {
    std::size_t hits = 0;
    for (const std::uint64_t key : trace) hits += access(key) ? 1 : 0;
    return share(hits, trace);
  }

 private:
  model::CachePolicy policy_;
  std::unordered_map<std::uint64_t, model::CachePolicy::Place> there_;
  std::vector<std::uint64_t> keys_;
  std::vector<model::CachePolicy::Place> gone_;
};

}  // namespace

double policy_hit_rate_after(const Trace& before, const Trace& trace, std::size_t room) {
  PolicyCache cache(room);
  for (const std::uint64_t key : before) cache.access(key);
  return cache.hit_rate(trace);
}

double policy_hit_rate_warmed(const Trace& warm, const Trace& trace, std::size_t room) {
  PolicyCache cache(room);
  for (const std::uint64_t key : warm) cache.warm(key);
  return cache.hit_rate(trace);
}

}  // namespace muster::test
