// SPDX-License-Identifier: Apache-2.0
/// @file A set of ids, or of names, that may say "perhaps" of one that is not in it, but never "no" of one
/// that is: a Bloom filter in blocks of a cache line (Putze, Sanders, Singler: Cache-, Hash- and
/// Space-Efficient Bloom Filters). They are hashed under a random key, so nobody can choose what it takes for
/// others. With as many as it was made for, about one of 300 others passes. Thread-safe, without locks.
#pragma once

#include "model/keyed_hash.hpp"
#include "model/slot.hpp"
#include "ports/name.hpp"

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>

namespace muster::cached {

class IdFilter {
 public:
  IdFilter(std::size_t ids_max, model::HashKey key)
      : key_(key),
        blocks_(std::bit_ceil(ids_max / ids_of_a_block + 1)),
        words_(std::make_unique<std::atomic<std::uint64_t>[]>(blocks_ * words_of_a_block)) {}

  void add(UserId id) { add_hash(model::keyed_hash(key_, id)); }
  void add(const ports::Name& name) { add_hash(hash_of(name)); }
  [[nodiscard]] bool may_have(UserId id) const { return may_have_hash(model::keyed_hash(key_, id)); }
  [[nodiscard]] bool may_have(const ports::Name& name) const { return may_have_hash(hash_of(name)); }
  /// About how many are in it.
  [[nodiscard]] std::size_t ids() const { return ids_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool is_full() const { return ids() > blocks_ * ids_of_a_block; }
  [[nodiscard]] std::size_t size_bytes() const { return blocks_ * words_of_a_block * sizeof(std::uint64_t); }
  /// What one for so many takes, at most.
  static std::size_t size_bytes_for(std::size_t ids) {
    return std::bit_ceil(ids / ids_of_a_block + 1) * words_of_a_block * sizeof(std::uint64_t);
  }

 private:
  static constexpr std::size_t words_of_a_block = 8;
  static constexpr std::size_t ids_of_a_block = 32;
  static constexpr int bits_of_an_id = 8;

  [[nodiscard]] std::uint64_t hash_of(const ports::Name& name) const {
    std::string bytes(1, static_cast<char>(name.kind));
    return model::keyed_hash(key_, std::string_view(bytes += name.value));
  }
  void add_hash(std::uint64_t hash) {
    bool is_new = false;
    each_bit(hash, [&](std::atomic<std::uint64_t>& word, std::uint64_t bit) {
      if ((word.load(std::memory_order_relaxed) & bit) == 0)
        is_new |= (word.fetch_or(bit, std::memory_order_release) & bit) == 0;
      return true;
    });
    if (is_new) ids_.fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] bool may_have_hash(std::uint64_t hash) const {
    bool all = true;
    each_bit(hash, [&](const std::atomic<std::uint64_t>& word, std::uint64_t bit) {
      all = (word.load(std::memory_order_acquire) & bit) != 0;
      return all;
    });
    return all;
  }
  /// Until `use` says no.
  template <class Use>
  void each_bit(std::uint64_t hash, const Use& use) const {
    std::uint64_t rest = model::slot_hash(hash);
    std::atomic<std::uint64_t>* const block = &words_[(hash & (blocks_ - 1)) * words_of_a_block];
    for (int i = 0; i < bits_of_an_id; ++i) {
      // Each bit in a word of its own: eight bits of the second hash say which.
      if (!use(block[i], std::uint64_t{1} << (rest & 63U))) return;
      rest >>= 8U;
    }
  }

  const model::HashKey key_;
  const std::size_t blocks_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
  std::atomic<std::size_t> ids_{0};
};

}  // namespace muster::cached
