// SPDX-License-Identifier: Apache-2.0
/// @file Access tokens whose signature was checked before, by their whole text. Bounded: each shard keeps two
/// generations, and when the young one is full the old one goes; a token that is still used then costs one
/// more signature check. Finding one allocates nothing. Thread-safe; readers of a shard do not wait for each
/// other.
#pragma once

#include "ports/crypto.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace muster::ops {

class RememberedTokens {
 public:
  using Claims = std::shared_ptr<const ports::AccessClaims>;

  RememberedTokens(std::size_t tokens_max, std::uint64_t seed);

  [[nodiscard]] Claims find(std::string_view token) const;

  /// What to give to put(): the state of things before the signature was checked.
  [[nodiscard]] std::uint64_t generation() const { return generation_.load(); }
  /// Without effect when clear() came after `generation` was asked for.
  void put(std::string_view token, Claims claims, std::uint64_t generation);
  void clear();
  void forget_expired(Time now);
  [[nodiscard]] std::size_t size() const;

 private:
  struct View {
    std::uint64_t hash;
    std::string_view text;
  };
  struct Key {
    std::uint64_t hash;
    std::string text;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const View& view) const noexcept { return view.hash; }
    std::size_t operator()(const Key& key) const noexcept { return key.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Key& a, const Key& b) const noexcept {
      return a.hash == b.hash && a.text == b.text;
    }
    bool operator()(const View& a, const Key& b) const noexcept {
      return a.hash == b.hash && a.text == b.text;
    }
    bool operator()(const Key& a, const View& b) const noexcept { return (*this)(b, a); }
  };
  using Map = std::unordered_map<Key, Claims, Hash, Equal>;
  struct alignas(64) Shard {
    mutable std::shared_mutex mutex;
    Map young;
    Map old;
  };
  static constexpr std::size_t shard_count = 64;

  [[nodiscard]] View view(std::string_view token) const;
  [[nodiscard]] static std::size_t shard_index(const View& view) { return view.hash >> 58; }

  std::size_t young_max_;
  std::uint64_t seed_;
  std::atomic<std::uint64_t> generation_{0};
  std::array<Shard, shard_count> shards_;
};

}  // namespace muster::ops
