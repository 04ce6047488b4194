// SPDX-License-Identifier: Apache-2.0
/// @file The character classes of RFC 9110 and 9112, as one table, and comparing without case (ASCII only,
/// whatever the locale).
/// Pure functions: thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace muster::http {

namespace detail {

inline constexpr std::uint8_t token_bit = 1;
inline constexpr std::uint8_t value_bit = 2;
inline constexpr std::uint8_t target_bit = 4;
inline constexpr std::uint8_t host_bit = 8;

constexpr std::array<std::uint8_t, 256> make_character_table() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const auto one_of = [c](std::string_view set) {
      return c < 128 && c != 0 && set.find(static_cast<char>(c)) != std::string_view::npos;
    };
    std::uint8_t bits = 0;
    if (alphanumeric || one_of("!#$%&'*+-.^_`|~")) bits |= token_bit;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= value_bit;
    if (c > 0x20 && c < 0x7f && !one_of("#\"<>\\^`{|}")) bits |= target_bit;
    if (alphanumeric || one_of("-._~%!$&'()*+,;=:[]")) bits |= host_bit;
    table[c] = bits;
  }
  return table;
}

inline constexpr auto character_table = make_character_table();

inline bool all_of(std::string_view text, std::uint8_t bit) {
  for (const char c : text)
    if ((character_table[static_cast<unsigned char>(c)] & bit) == 0) return false;
  return true;
}

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace detail

inline bool is_token(std::string_view text) {
  return !text.empty() && detail::all_of(text, detail::token_bit);
}
inline bool is_field_value(std::string_view text) {
  return detail::all_of(text, detail::value_bit);
}
inline bool is_target(std::string_view text) {
  return !text.empty() && detail::all_of(text, detail::target_bit);
}
inline bool is_host(std::string_view text) {
  return detail::all_of(text, detail::host_bit);
}

inline bool equal_without_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i)
    if (left[i] != right[i] && detail::to_lower(left[i]) != detail::to_lower(right[i])) return false;
  return true;
}

inline std::string_view trim_whitespace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace muster::http
