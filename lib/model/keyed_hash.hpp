// SPDX-License-Identifier: Apache-2.0
/// @file A hash that nobody can find collisions of without its key: SipHash-1-3. For tables whose keys
/// strangers choose. Not for stored data. Pure functions: thread-safe.
#pragma once

#include "base/ids.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace muster::model {

struct HashKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

class SipState {
 public:
  explicit constexpr SipState(HashKey key)
      : a_(key.first ^ 0x736f6d6570736575U),
        b_(key.second ^ 0x646f72616e646f6dU),
        c_(key.first ^ 0x6c7967656e657261U),
        d_(key.second ^ 0x7465646279746573U) {}

  constexpr void add(std::uint64_t word) {
    d_ ^= word;
    round();
    a_ ^= word;
  }
  constexpr std::uint64_t end() {
    c_ ^= 0xffU;
    for (int i = 0; i < 3; ++i) round();
    return a_ ^ b_ ^ c_ ^ d_;
  }

 private:
  constexpr void round() {
    a_ += b_;
    c_ += d_;
    b_ = std::rotl(b_, 13) ^ a_;
    d_ = std::rotl(d_, 16) ^ c_;
    a_ = std::rotl(a_, 32) + d_;
    c_ += b_;
    d_ = std::rotl(d_, 21) ^ a_;
    b_ = std::rotl(b_, 17) ^ c_;
    c_ = std::rotl(c_, 32);
  }

  std::uint64_t a_, b_, c_, d_;
};

/// SipHash-1-3 of the value's eight bytes, the lowest first.
constexpr std::uint64_t keyed_hash(HashKey key, std::uint64_t value) {
  SipState state(key);
  state.add(value);
  state.add(std::uint64_t{8} << 56U);
  return state.end();
}

constexpr std::uint64_t keyed_hash(HashKey key, UserId user) {
  return keyed_hash(key, static_cast<std::uint64_t>(user.value));
}

/// SipHash-1-3 of the bytes.
constexpr std::uint64_t keyed_hash(HashKey key, std::string_view bytes) {
  SipState state(key);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (i % 8 * 8);
    if (i % 8 != 7) continue;
    state.add(word);
    word = 0;
  }
  state.add(word | (static_cast<std::uint64_t>(bytes.size()) << 56U));
  return state.end();
}

}  // namespace muster::model
