// SPDX-License-Identifier: Apache-2.0
/// @file Keeps what is asked for most often in a bounded amount of memory. Keys are spread over stripes, each
/// with a lock and a policy of its own, held for some tens of nanoseconds: nothing is shared by all accesses.
/// Keys may be chosen by strangers: they are hashed under a random key. Values are shared with readers and
/// must not change. Thread-safe.
#pragma once

#include "adapters/cached/memory_stripe.hpp"
#include "ports/clock.hpp"

#include <algorithm>
#include <bit>

namespace muster::cached {

struct MemoryCacheLimits {
  /// Of all entries with what the cache itself needs for each: never exceeded.
  std::size_t size_bytes_max = 0;
};

/// A key needs == and model::keyed_hash(HashKey, key).
template <class Key, class Value>
class MemoryCache {
 public:
  /// What an entry counts beyond its size_bytes.
  static constexpr std::size_t entry_bytes = MemoryStripe<Key, Value>::entry_bytes;

  MemoryCache(MemoryCacheLimits limits, ports::Entropy& entropy)
      : hash_key_{random_word(entropy), random_word(entropy)},
        stripe_bits_(stripe_bits(limits.size_bytes_max)) {
    const std::size_t count = std::size_t{1} << stripe_bits_;
    for (std::size_t i = 0; i < count; ++i)
      stripes_.push_back(std::make_unique<MemoryStripe<Key, Value>>(limits.size_bytes_max / count));
  }

  /// The value, or nothing. Counts as an access either way, which is what decides whether the key is worth
  /// keeping.
  std::shared_ptr<const Value> get(const Key& key) {
    const std::uint64_t hash = keyed_hash(hash_key_, key);
    return stripe(hash).get(hash, key);
  }

  /// From now on the key has this value, or none if it is not worth its room. Does not count as an access.
  /// `size_bytes`: what the value and the key need on the heap.
  void put(const Key& key, std::shared_ptr<const Value> value, std::size_t size_bytes) {
    put_if(key, std::move(value), size_bytes, [](const Value& /*old*/) { return true; });
  }

  /// The same, unless the key has a value for which `replaces(const Value& old)` is false. Whether it was not
  /// so. `replaces` is called under the stripe's lock: it must be short and must not use the cache.
  template <class Replaces>
  bool put_if(const Key& key, std::shared_ptr<const Value> value, std::size_t size_bytes,
              const Replaces& replaces) {
    const std::uint64_t hash = keyed_hash(hash_key_, key);
    return stripe(hash).put_if(hash, key, std::move(value), size_bytes, replaces);
  }

  /// Whether there was one.
  bool erase(const Key& key) {
    const std::uint64_t hash = keyed_hash(hash_key_, key);
    return stripe(hash).erase(hash, key);
  }

  /// Everything that was put before is gone. How often keys were asked for is remembered.
  void clear() {
    for (const auto& each : stripes_) each->clear();
  }

  /// Each stripe's numbers belong together; stripes are looked at one after the other.
  [[nodiscard]] MemoryCacheCounters counters() const {
    MemoryCacheCounters sum;
    for (const auto& each : stripes_) sum += each->counters();
    return sum;
  }

 private:
  static constexpr unsigned stripe_bits_max = 6;
  /// Smaller stripes would know too little to decide well.
  static constexpr std::size_t stripe_bytes_min = std::size_t{256} * 1024;

  static std::uint64_t random_word(ports::Entropy& entropy) {
    std::uint64_t word = 0;
    for (const char each : entropy.bytes(sizeof word)) word = word << 8U | static_cast<unsigned char>(each);
    return word;
  }
  static unsigned stripe_bits(std::size_t size_bytes_max) {
    const auto bits = static_cast<unsigned>(std::bit_width(size_bytes_max / stripe_bytes_min));
    return std::min(bits == 0 ? 0 : bits - 1, stripe_bits_max);
  }
  /// By the hash's highest bits, which stripes do not use.
  MemoryStripe<Key, Value>& stripe(std::uint64_t hash) {
    return *stripes_[stripe_bits_ == 0 ? 0 : hash >> (64U - stripe_bits_)];
  }

  const model::HashKey hash_key_;
  const unsigned stripe_bits_;
  std::vector<std::unique_ptr<MemoryStripe<Key, Value>>> stripes_;
};

}  // namespace muster::cached
