// SPDX-License-Identifier: Apache-2.0
/// @file Identifiers that cannot be mistaken for each other. A UserId is a 63-bit number, written as a
/// decimal string. A SessionId begins with its user's id, so that the slot of a session is known without a
/// look-up; its text is the base64url of those 8 bytes and 16 random ones.
/// Value types: thread-safe.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

struct UserId {
  std::int64_t value = 0;

  auto operator<=>(const UserId&) const = default;
  [[nodiscard]] std::string text() const { return std::to_string(value); }
  /// 1 to 2^63-1 in canonical decimal; nothing else.
  static std::optional<UserId> parse(std::string_view text);
};

struct SessionId {
  static constexpr std::size_t random_size_bytes = 16;

  UserId user;
  std::array<unsigned char, random_size_bytes> random{};

  auto operator<=>(const SessionId&) const = default;
  [[nodiscard]] std::string text() const;
  static std::optional<SessionId> parse(std::string_view text);
};

}  // namespace muster

template <>
struct std::hash<muster::UserId> {
  std::size_t operator()(muster::UserId id) const noexcept {
    // A time-ordered id has its entropy in the middle; Fibonacci hashing spreads it.
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value) * 0x9e3779b97f4a7c15ULL);
  }
};

template <>
struct std::hash<muster::SessionId> {
  std::size_t operator()(const muster::SessionId& id) const noexcept {
    std::size_t out = 0;
    for (std::size_t i = 0; i < sizeof out; ++i) out = (out << 8) | id.random[i];
    return out;
  }
};
