// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/password_hasher.hpp"

#include "adapters/crypto/imported_hash.hpp"
#include "base/check.hpp"

#include <algorithm>
#include <array>

#include <sodium.h>

namespace muster::crypto {
namespace {

Result<Secret> argon2id(std::string_view password, const Argon2Cost& cost) {
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), cost.iterations,
                            std::size_t{cost.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return fail(Error{ErrorCode::unavailable,
                      "the password cannot be hashed now",
                      "out of memory",
                      {},
                      std::chrono::seconds{1}});
  Secret hash{std::string(out.data())};
  sodium_memzero(out.data(), out.size());
  return hash;
}

}  // namespace

Status check_cost(const Argon2Cost& cost) {
  if (cost.memory_kib < 8 || cost.memory_kib > (1U << 20))
    return fail(Error::invalid("password.argon2.memory_kib", "must be 8 to 1048576"));
  if (cost.iterations < 1 || cost.iterations > 1000)
    return fail(Error::invalid("password.argon2.iterations", "must be 1 to 1000"));
  if (cost.parallelism != 1)
    return fail(
        Error::invalid("password.argon2.parallelism", "must be 1: new hashes are computed in one lane"));
  if (!is_bearable_argon2(cost.memory_kib, cost.iterations))
    return fail(
        Error::invalid("password.argon2.iterations", "memory_kib times iterations must be at most 8388608"));
  return {};
}

Result<Argon2Cost> calibrate(Duration target, std::uint32_t memory_kib) {
  MUSTER_CHECK(sodium_init() >= 0);
  constexpr std::uint32_t iterations_min = 2;
  Argon2Cost cost{memory_kib, iterations_min, 1};
  MUSTER_CHECK_OK(check_cost(cost));
  auto fastest = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    MUSTER_TRY(const Secret ignored, argon2id("calibration", cost));
    fastest = std::min(fastest, std::chrono::steady_clock::now() - start);
  }
  const auto fits = iterations_min * std::chrono::nanoseconds(target) /
                    std::max(std::chrono::nanoseconds(fastest), std::chrono::nanoseconds{1});
  while (cost.iterations < fits && check_cost({memory_kib, cost.iterations + 1, 1})) ++cost.iterations;
  return cost;
}

Result<std::unique_ptr<Argon2Hasher>> Argon2Hasher::create(const Argon2Cost& cost) {
  MUSTER_CHECK(sodium_init() >= 0);
  MUSTER_CHECK_OK(check_cost(cost));
  std::array<char, 32> unknown{};
  randombytes_buf(unknown.data(), unknown.size());
  MUSTER_TRY(Secret nobody, argon2id({unknown.data(), unknown.size()}, cost));
  return std::make_unique<Argon2Hasher>(Made(), cost, std::move(nobody));
}

Result<Secret> Argon2Hasher::hash(const Secret& password) {
  const sodium::HashingMemory::Lease lease(memory_);
  return argon2id(password.reveal(), cost_);
}

Result<bool> Argon2Hasher::matches_in_pool(const Secret& password, const Secret& hash) {
  const sodium::HashingMemory::Lease lease(memory_);
  return matches(password, hash.reveal());
}

Result<ports::PasswordMatch> Argon2Hasher::verify(const Secret& password, const Secret& hash) {
  MUSTER_TRY(const bool right, matches_in_pool(password, hash));
  if (!right) return ports::PasswordMatch::no;
  const auto stored = Argon2Hash::parse(hash.reveal());
  const bool is_current = stored && stored->kind == Argon2Hash::Kind::id && stored->version == 0x13 &&
                          Argon2Cost{stored->memory_kib, stored->iterations, stored->parallelism} == cost_;
  return is_current ? ports::PasswordMatch::yes : ports::PasswordMatch::yes_outdated;
}

void Argon2Hasher::verify_nothing(const Secret& password) {
  // Whatever comes of it, the time is spent.
  (void)matches_in_pool(password, nobody_);
}

Status Argon2Hasher::check_format(std::string_view hash) const {
  return check_hash(hash);
}

}  // namespace muster::crypto
