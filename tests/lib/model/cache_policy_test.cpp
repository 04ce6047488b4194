// SPDX-License-Identifier: Apache-2.0
#include "model/cache_policy.hpp"

#include "model/frequency_sketch.hpp"
#include "model/slot.hpp"
#include "support/cache_traces.hpp"

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::model {
namespace {

TEST_CASE("a sketch never counts too low", "[cache_policy]") {
  CHECK(rc::check("any accesses", [] {
    const auto entries = *rc::gen::inRange<std::size_t>(1, 1000);
    // Fewer than would be halved.
    const auto keys =
        *rc::gen::container<std::vector<std::uint64_t>>(100, rc::gen::inRange<std::uint64_t>(0, 30));
    FrequencySketch sketch;
    std::map<std::uint64_t, unsigned> exact;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i == keys.size() / 2) sketch.make_room_for(entries);
      sketch.note(slot_hash(keys[i]));
      ++exact[keys[i]];
    }
    for (const auto& [key, count] : exact)
      RC_ASSERT(sketch.count(slot_hash(key)) >= std::min(count, FrequencySketch::count_max));
  }));
}

TEST_CASE("a sketch is about right and forgets", "[cache_policy]") {
  constexpr std::size_t entries = 1000;
  FrequencySketch sketch(entries);
  for (int round = 0; round < 5; ++round)
    for (std::uint64_t key = 0; key < entries; ++key) sketch.note(slot_hash(key));
  std::size_t wrong = 0;
  for (std::uint64_t key = 0; key < entries; ++key) wrong += sketch.count(slot_hash(key)) != 5 ? 1 : 0;
  for (std::uint64_t key = entries; key < 2 * entries; ++key)
    wrong += sketch.count(slot_hash(key)) != 0 ? 1 : 0;
  CHECK(wrong < entries / 50);

  for (std::uint64_t other = 0; other < 100 * entries; ++other) sketch.note(slot_hash(other + 1'000'000));
  unsigned old = 0;
  for (std::uint64_t key = 0; key < 100; ++key) old += sketch.count(slot_hash(key));
  unsigned never = 0;
  for (std::uint64_t key = 0; key < 100; ++key) never += sketch.count(slot_hash(key + 5000));
  CHECK(old < never + 100);
}

/// A policy beside a plain account of what is there.
class Watched {
 public:
  explicit Watched(std::size_t size_bytes_max) : policy_(size_bytes_max), size_bytes_max_(size_bytes_max) {}

  void access(std::uint64_t key, std::size_t size_bytes) {
    if (const auto found = places_.find(key); found != places_.end()) {
      policy_.hit(found->second);
      return;
    }
    policy_.miss(slot_hash(key));
    gone_.clear();
    const auto place = policy_.insert(slot_hash(key), size_bytes, gone_);
    for (const auto& [other, taken] : places_) RC_ASSERT(taken != place);
    places_[key] = place;
    sizes_[key] = std::max<std::size_t>(size_bytes, 1);
    settle();
  }
  void resize(std::uint64_t key, std::size_t size_bytes) {
    if (!places_.contains(key)) return;
    gone_.clear();
    policy_.resize(places_[key], size_bytes, gone_);
    sizes_[key] = std::max<std::size_t>(size_bytes, 1);
    settle();
  }
  void remove(std::uint64_t key) {
    if (!places_.contains(key)) return;
    policy_.remove(places_[key]);
    sizes_.erase(key);
    places_.erase(key);
    gone_.clear();
    settle();
  }
  [[nodiscard]] bool has(std::uint64_t key) const { return places_.contains(key); }

 private:
  void settle() {
    for (const auto place : gone_) {
      const auto found =
          std::find_if(places_.begin(), places_.end(), [&](auto& each) { return each.second == place; });
      RC_ASSERT(found != places_.end());
      sizes_.erase(found->first);
      places_.erase(found);
    }
    std::size_t sum = 0;
    for (const auto& [key, size] : sizes_) sum += size;
    RC_ASSERT(sum == policy_.size_bytes());
    RC_ASSERT(sum <= size_bytes_max_);
    RC_ASSERT(places_.size() == policy_.entries());
  }

  CachePolicy policy_;
  const std::size_t size_bytes_max_;
  std::vector<CachePolicy::Place> gone_;
  std::map<std::uint64_t, CachePolicy::Place> places_;
  std::map<std::uint64_t, std::size_t> sizes_;
};

TEST_CASE("a policy knows what is there and never exceeds its size", "[cache_policy]") {
  CHECK(rc::check("any accesses, sizes and removals", [] {
    Watched watched(*rc::gen::inRange<std::size_t>(0, 500));
    const auto steps = *rc::gen::inRange<std::size_t>(0, 400);
    test::Random random(*rc::gen::arbitrary<std::uint64_t>());
    for (std::size_t i = 0; i < steps; ++i) {
      const std::uint64_t key = random() % 60;
      const std::size_t size_bytes = random() % 10 == 0 ? random() % 600 : random() % 30;
      const std::uint64_t what = random() % 10;
      if (what == 0)
        watched.remove(key);
      else if (what == 1)
        watched.resize(key, size_bytes);
      else
        watched.access(key, size_bytes);
    }
  }));
}

TEST_CASE("what is asked for often outlives a scan", "[cache_policy]") {
  Watched watched(100);
  for (int round = 0; round < 5; ++round)
    for (std::uint64_t key = 0; key < 80; ++key) watched.access(key, 1);
  for (std::uint64_t scanned = 1000; scanned < 2000; ++scanned) watched.access(scanned, 1);
  std::size_t kept = 0;
  for (std::uint64_t key = 0; key < 80; ++key) kept += watched.has(key) ? 1 : 0;
  CHECK(kept >= 78);
}

TEST_CASE("what is too large drives nothing out", "[cache_policy]") {
  Watched watched(100);
  for (std::uint64_t key = 0; key < 50; ++key) watched.access(key, 2);
  watched.access(1000, 101);
  watched.access(1001, 40);
  CHECK(!watched.has(1000));
  CHECK(!watched.has(1001));
  std::size_t kept = 0;
  for (std::uint64_t key = 0; key < 50; ++key) kept += watched.has(key) ? 1 : 0;
  CHECK(kept >= 49);
}

TEST_CASE("hit rates beside LRU and the best there can be", "[cache_policy]") {
  constexpr std::size_t keys = 100'000;
  constexpr std::size_t accesses = 500'000;
  constexpr std::size_t room = keys / 100;
  const test::Trace plain = test::zipf_trace(keys, accesses, 1);
  const test::Trace scan = test::zipf_with_scan(keys, accesses, 2);
  const test::Trace shifting = test::shifting_trace(keys, accesses, 3);
  CHECK(test::policy_hit_rate(plain, room) > 0.55);
  for (const test::Trace* each : {&plain, &scan, &shifting}) {
    const double own = test::policy_hit_rate(*each, room);
    CHECK(own > test::lru_hit_rate(*each, room) + 0.04);
    CHECK(own < test::best_hit_rate(*each, room));
  }
}

TEST_CASE("the window grows for what comes in bursts", "[cache_policy]") {
  const test::Trace trace = test::bursts_trace(1'000'000, 4);
  // With a window of one hundredth that stays it is 0.50.
  CHECK(test::policy_hit_rate(trace, 1000) > test::lru_hit_rate(trace, 1000) - 0.06);
}

}  // namespace
}  // namespace muster::model
