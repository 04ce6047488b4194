// SPDX-License-Identifier: Apache-2.0
/// @file Password hashes that other systems made: how they are written, what they may cost, how they are
/// computed. Pure functions: thread-safe.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::crypto {

/// A PHC string of Argon2: `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.
struct Argon2Hash {
  enum class Kind : std::uint8_t { d, i, id };

  Kind kind = Kind::id;
  std::uint32_t version = 0x13;
  std::uint32_t memory_kib = 0;
  std::uint32_t iterations = 0;
  std::uint32_t parallelism = 0;
  std::string salt;
  std::string hash;

  /// Nothing for what is malformed or too dear.
  static std::optional<Argon2Hash> parse(std::string_view text);
};

/// Whether one hash at this cost is bearable: 8 KiB to 1 GiB, 1 to 1000 iterations, at most 8 GiB gone over.
bool is_bearable_argon2(std::uint64_t memory_kib, std::uint64_t iterations);

/// Whether the hash is of a known scheme, well formed and bearable. Error: invalid_argument at
/// `password_hash`.
Status check_hash(std::string_view hash);

/// For any hash that check_hash() lets pass. A password with a NUL matches no bcrypt, sha512crypt or yescrypt
/// hash; bcrypt looks at the first 72 bytes. Errors: internal (malformed), unavailable (out of memory).
Result<bool> matches(const Secret& password, std::string_view hash);

}  // namespace muster::crypto
