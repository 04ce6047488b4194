// SPDX-License-Identifier: Apache-2.0
/// @file Hashes passwords with Argon2id and verifies every scheme that users are imported with: Argon2 (id,
/// i, d), bcrypt, sha512crypt, yescrypt, PBKDF2 (SHA-256, SHA-512; passlib and Django spelling), scrypt.
/// Imported costs are bounded, so that no stored hash can hold a thread for long. Thread-safe.
#pragma once

#include "adapters/sodium/hashing_memory.hpp"
#include "base/time.hpp"
#include "ports/crypto.hpp"

#include <memory>
#include <string>

namespace muster::crypto {

struct Argon2Cost {
  std::uint32_t memory_kib = 19'456;
  std::uint32_t iterations = 2;
  std::uint32_t parallelism = 1;  ///< libsodium computes one lane; imported hashes may have more.

  bool operator==(const Argon2Cost&) const = default;
};

/// Error: invalid_argument at `password.argon2.memory_kib` (8 to 1048576), `.iterations` (1 to 1000) or
/// `.parallelism` (1), or when one hash would go over more than 8 GiB in all.
Status check_cost(const Argon2Cost& cost);

/// The most iterations, at least 2, that one hash at this memory does within `target` on this machine. Takes
/// a few times `target`. Error: unavailable (out of memory).
Result<Argon2Cost> calibrate(Duration target, std::uint32_t memory_kib);

class Argon2Hasher final : public ports::PasswordHasher {
  struct Made {
    explicit Made() = default;
  };

 public:
  /// Errors: those of check_cost; unavailable (out of memory).
  static Result<std::unique_ptr<Argon2Hasher>> create(const Argon2Cost& cost);

  /// For create() only.
  Argon2Hasher(Made, const Argon2Cost& cost, Secret nobody)
      : cost_(cost), nobody_(std::move(nobody)), memory_(std::size_t{cost.memory_kib} * 1024) {}

  Result<Secret> hash(const Secret& password) override;
  Result<ports::PasswordMatch> verify(const Secret& password, const Secret& hash) override;
  void verify_nothing(const Secret& password) override;
  [[nodiscard]] Status check_format(std::string_view hash) const override;
  [[nodiscard]] const sodium::HashingMemory& memory() const { return memory_; }

 private:
  Result<bool> matches_in_pool(const Secret& password, const Secret& hash);

  Argon2Cost cost_;
  Secret nobody_;  ///< A hash at the configured cost that no password has.
  sodium::HashingMemory memory_;
};

}  // namespace muster::crypto
