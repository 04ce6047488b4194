// SPDX-License-Identifier: Apache-2.0
#include "daemon/trace.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>

namespace muster::daemon {
namespace {

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::optional<std::string_view> trace_id_of(std::string_view traceparent) {
  // version "-" trace-id "-" parent-id "-" flags; later versions may have more behind.
  if (traceparent.size() < 55 || traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-')
    return std::nullopt;
  const auto version = traceparent.substr(0, 2);
  const auto trace = traceparent.substr(3, 32);
  const auto parent = traceparent.substr(36, 16);
  if (!is_lower_hex(version) || version == "ff" || !is_lower_hex(trace) || !is_lower_hex(parent) ||
      !is_lower_hex(traceparent.substr(53, 2)) || all_zero(trace) || all_zero(parent))
    return std::nullopt;
  if (traceparent.size() > 55 && (version == "00" || traceparent[55] != '-')) return std::nullopt;
  return trace;
}

std::string new_trace_id() {
  constexpr std::string_view digits = "0123456789abcdef";
  static thread_local std::mt19937_64 generator = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  std::string out(32, '0');
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t bits = generator();
    for (std::size_t i = 0; i < 16; ++i, bits >>= 4) out[half * 16 + i] = digits[bits & 15];
  }
  return out;
}

}  // namespace muster::daemon
