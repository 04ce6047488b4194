// SPDX-License-Identifier: Apache-2.0
/// @file Slots: the unit by which users are spread over shards. Each user belongs to one of 4,096 slots for
/// ever; a map (which may change) says which shard owns a slot. Pure functions: thread-safe.
#pragma once

#include "base/ids.hpp"
#include "model/name_claim.hpp"

#include <cstdint>
#include <string_view>

namespace muster::model {

constexpr std::uint32_t slot_count = 4096;

/// A fixed 64-bit mix, the finaliser of SplitMix64: add 0x9e3779b97f4a7c15, then twice xor-shift (30, 27) and
/// multiply (0xbf58476d1ce4e5b9, 0x94d049bb133111eb), then xor-shift by 31. Stored data depends on it: it
/// must never change.
constexpr std::uint64_t slot_hash(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

constexpr std::uint32_t slot_of(UserId user) {
  return static_cast<std::uint32_t>(slot_hash(static_cast<std::uint64_t>(user.value)) % slot_count);
}

/// The slot of a name's lookup row: xxHash64 with seed 0 of one byte, the kind, and the canonical value's
/// bytes, modulo slot_count. Stored data depends on it: it must never change.
std::uint32_t slot_of_name(NameKind kind, std::string_view canonical);

}  // namespace muster::model
