// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/imported_hash.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <vector>

#include <argon2.h>
#include <crypt.h>
#include <openssl/evp.h>
#include <sodium.h>

namespace muster::crypto {
namespace {

constexpr std::size_t hash_text_size_max_bytes = 512;
constexpr std::uint64_t scrypt_memory_max_bytes = 256ULL << 20;
constexpr std::uint64_t scrypt_work_max_bytes = 1ULL << 30;
constexpr std::uint64_t pbkdf2_iterations_max = 4'000'000;
constexpr std::uint64_t sha512crypt_rounds_max = 2'000'000;
constexpr std::uint64_t bcrypt_cost_max = 15;
constexpr std::string_view crypt_alphabet =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto at = text.find(separator);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

/// Canonical decimal within the bounds.
std::optional<std::uint32_t> number(std::string_view text, std::uint64_t min, std::uint64_t max) {
  std::uint32_t out = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (status != std::errc{} || end != text.data() + text.size() || out < min || out > max)
    return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return out;
}

/// `m=19456` -> 19456.
std::optional<std::uint32_t> parameter(std::string_view text, std::string_view name, std::uint64_t min,
                                       std::uint64_t max) {
  if (!text.starts_with(name) || text.size() <= name.size() || text[name.size()] != '=') return std::nullopt;
  return number(text.substr(name.size() + 1), min, max);
}

/// Standard base64 with or without padding, and the spelling of it that has `.` for `+`.
std::optional<std::string> base64_decode(std::string_view text, std::size_t size_min_bytes,
                                         std::size_t size_max_bytes) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string url(text);
  for (char& c : url) {
    if (c == '-' || c == '_') return std::nullopt;
    if (c == '+' || c == '.') c = '-';
    if (c == '/') c = '_';
  }
  auto out = base64url_decode(url);
  if (!out || out->size() < size_min_bytes || out->size() > size_max_bytes) return std::nullopt;
  return out;
}

bool is_crypt_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return crypt_alphabet.find(c) != std::string_view::npos; });
}

struct DerivedKey {
  std::string salt;
  std::string hash;
};

struct Pbkdf2Hash : DerivedKey {
  const EVP_MD* digest = nullptr;
  std::uint32_t iterations = 0;

  static std::optional<Pbkdf2Hash> parse(std::string_view text) {
    Pbkdf2Hash out;
    const bool is_django = !text.starts_with('$');
    if (!is_django) text.remove_prefix(1);
    const auto parts = split(text, '$');
    if (parts.size() != 4) return std::nullopt;
    if (parts[0] == (is_django ? "pbkdf2_sha256" : "pbkdf2-sha256"))
      out.digest = EVP_sha256();
    else if (parts[0] == (is_django ? "pbkdf2_sha512" : "pbkdf2-sha512"))
      out.digest = EVP_sha512();
    else
      return std::nullopt;
    std::string_view cost = parts[1];
    if (!is_django && cost.starts_with("i=")) cost = cost.substr(2, cost.find(',') - 2);
    const auto iterations = number(cost, 1, pbkdf2_iterations_max);
    // Django's salt is text and taken as it stands.
    auto salt = is_django ? std::optional<std::string>(parts[2]) : base64_decode(parts[2], 0, 128);
    auto hash = base64_decode(parts[3], 16, 64);
    if (!iterations || !salt || !hash) return std::nullopt;
    out.iterations = *iterations;
    out.salt = std::move(*salt);
    out.hash = std::move(*hash);
    return out;
  }
};

struct ScryptHash : DerivedKey {
  std::uint64_t rounds = 0;
  std::uint32_t block = 0;
  std::uint32_t parallelism = 0;

  static std::optional<ScryptHash> parse(std::string_view text) {
    const auto parts = split(text, '$');
    if (parts.size() != 5 || !parts[0].empty() || parts[1] != "scrypt") return std::nullopt;
    const auto cost = split(parts[2], ',');
    if (cost.size() != 3) return std::nullopt;
    const auto rounds_log2 = parameter(cost[0], "ln", 1, 20);
    const auto block = parameter(cost[1], "r", 1, 64);
    const auto parallelism = parameter(cost[2], "p", 1, 16);
    auto salt = base64_decode(parts[3], 0, 128);
    auto hash = base64_decode(parts[4], 16, 64);
    if (!rounds_log2 || !block || !parallelism || !salt || !hash) return std::nullopt;
    ScryptHash out;
    out.rounds = std::uint64_t{1} << *rounds_log2;
    out.block = *block;
    out.parallelism = *parallelism;
    out.salt = std::move(*salt);
    out.hash = std::move(*hash);
    const std::uint64_t memory_bytes = 128 * out.rounds * out.block;
    if (memory_bytes > scrypt_memory_max_bytes || memory_bytes * out.parallelism > scrypt_work_max_bytes)
      return std::nullopt;
    return out;
  }
};

bool is_bcrypt(std::string_view text) {
  if (text.size() != 60 ||
      (!text.starts_with("$2a$") && !text.starts_with("$2b$") && !text.starts_with("$2y$")))
    return false;
  // bcrypt pads its cost to two digits.
  const std::string_view cost = text.substr(4, 2);
  return number(cost.front() == '0' ? cost.substr(1) : cost, 4, bcrypt_cost_max) && text[6] == '$' &&
         is_crypt_text(text.substr(7));
}

bool is_sha512crypt(std::string_view text) {
  constexpr std::size_t salt_length_max = 16;
  constexpr std::size_t hash_length = 86;
  auto parts = split(text, '$');
  if (parts.size() < 4 || !parts[0].empty() || parts[1] != "6") return false;
  if (parts[2].starts_with("rounds=")) {
    if (!parameter(parts[2], "rounds", 1000, sha512crypt_rounds_max)) return false;
    parts.erase(parts.begin() + 2);
  }
  return parts.size() == 4 && parts[2].size() <= salt_length_max && is_crypt_text(parts[2]) &&
         parts[3].size() == hash_length && is_crypt_text(parts[3]);
}

bool is_yescrypt(std::string_view text) {
  constexpr std::size_t hash_length = 43;
  const auto parts = split(text, '$');
  if (parts.size() != 5 || !parts[0].empty() || parts[1] != "y") return false;
  // `j`, then log2 N - 1 and r - 1, a character each: what crypt_gensalt(3) writes.
  if (parts[2].size() != 3 || parts[2][0] != 'j') return false;
  const auto rounds_log2 = crypt_alphabet.find(parts[2][1]);
  const auto block = crypt_alphabet.find(parts[2][2]);
  if (rounds_log2 > 20 || block > 40) return false;
  const std::uint64_t memory_bytes = (std::uint64_t{128} * (block + 1)) << (rounds_log2 + 1);
  return memory_bytes <= scrypt_memory_max_bytes && !parts[3].empty() && parts[3].size() <= 86 &&
         is_crypt_text(parts[3]) && parts[4].size() == hash_length && is_crypt_text(parts[4]);
}

bool is_crypt(std::string_view text) {
  return is_bcrypt(text) || is_sha512crypt(text) || is_yescrypt(text);
}

Error out_of_memory() {
  return Error{ErrorCode::unavailable,
               "the password cannot be verified now",
               "out of memory",
               {},
               std::chrono::seconds{1}};
}

struct WipedCryptData {
  crypt_data data{};
  WipedCryptData() = default;
  WipedCryptData(const WipedCryptData&) = delete;
  WipedCryptData& operator=(const WipedCryptData&) = delete;
  ~WipedCryptData() { sodium_memzero(&data, sizeof data); }
};

Result<bool> matches_crypt(const Secret& password, std::string_view hash) {
  // crypt(3) would take the part before the NUL for the whole. It refuses what is too long, so no hash is of
  // that, and to say more than no would tell that there is such a user.
  if (password.reveal().find('\0') != std::string_view::npos || password.size() >= CRYPT_MAX_PASSPHRASE_SIZE)
    return false;
  const auto scratch = std::make_unique<WipedCryptData>();
  const Secret text{std::string(password.reveal())};
  const std::string setting(hash);
  const char* computed = crypt_r(text.reveal().data(), setting.c_str(), &scratch->data);
  if (computed == nullptr || computed[0] == '*') return fail(out_of_memory());
  return constant_time_equal(computed, hash);
}

Result<bool> matches_pbkdf2(const Secret& password, const Pbkdf2Hash& stored) {
  std::array<unsigned char, 64> computed{};
  const bool done =
      PKCS5_PBKDF2_HMAC(password.reveal().data(), static_cast<int>(password.size()),
                        reinterpret_cast<const unsigned char*>(stored.salt.data()),
                        static_cast<int>(stored.salt.size()), static_cast<int>(stored.iterations),
                        stored.digest, static_cast<int>(stored.hash.size()), computed.data()) == 1;
  const bool same = sodium_memcmp(computed.data(), stored.hash.data(), stored.hash.size()) == 0;
  sodium_memzero(computed.data(), computed.size());
  if (!done) return fail(out_of_memory());
  return same;
}

Result<bool> matches_scrypt(const Secret& password, const ScryptHash& stored) {
  std::array<unsigned char, 64> computed{};
  const bool done = EVP_PBE_scrypt(password.reveal().data(), password.size(),
                                   reinterpret_cast<const unsigned char*>(stored.salt.data()),
                                   stored.salt.size(), stored.rounds, stored.block, stored.parallelism,
                                   2 * scrypt_memory_max_bytes, computed.data(), stored.hash.size()) == 1;
  const bool same = sodium_memcmp(computed.data(), stored.hash.data(), stored.hash.size()) == 0;
  sodium_memzero(computed.data(), computed.size());
  if (!done) return fail(out_of_memory());
  return same;
}

/// By libargon2, which knows more kinds and several lanes, but is slower than libsodium.
Result<bool> matches_argon2(const Secret& password, Argon2Hash stored) {
  std::array<unsigned char, 64> computed{};
  argon2_context context{};
  context.out = computed.data();
  context.outlen = static_cast<std::uint32_t>(stored.hash.size());
  // libargon2 only reads the password unless told to clear it.
  context.pwd = reinterpret_cast<std::uint8_t*>(const_cast<char*>(password.reveal().data()));
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = reinterpret_cast<std::uint8_t*>(stored.salt.data());
  context.saltlen = static_cast<std::uint32_t>(stored.salt.size());
  context.t_cost = stored.iterations;
  context.m_cost = stored.memory_kib;
  context.lanes = stored.parallelism;
  context.threads = 1;
  context.version = stored.version;
  context.flags = ARGON2_DEFAULT_FLAGS;
  const argon2_type type = stored.kind == Argon2Hash::Kind::d   ? Argon2_d
                           : stored.kind == Argon2Hash::Kind::i ? Argon2_i
                                                                : Argon2_id;
  const int status = argon2_ctx(&context, type);
  const bool same = sodium_memcmp(computed.data(), stored.hash.data(), stored.hash.size()) == 0;
  sodium_memzero(computed.data(), computed.size());
  if (status != ARGON2_OK) return fail(out_of_memory());
  return same;
}

}  // namespace

bool is_bearable_argon2(std::uint64_t memory_kib, std::uint64_t iterations) {
  constexpr std::uint64_t memory_max_kib = 1ULL << 20;
  constexpr std::uint64_t work_max_kib = 8ULL << 20;
  return memory_kib >= 8 && memory_kib <= memory_max_kib && iterations >= 1 && iterations <= 1000 &&
         memory_kib * iterations <= work_max_kib;
}

std::optional<Argon2Hash> Argon2Hash::parse(std::string_view text) {
  auto parts = split(text, '$');
  if (parts.size() < 5 || parts.size() > 6 || !parts[0].empty()) return std::nullopt;
  Argon2Hash out;
  if (parts[1] == "argon2id")
    out.kind = Kind::id;
  else if (parts[1] == "argon2i")
    out.kind = Kind::i;
  else if (parts[1] == "argon2d")
    out.kind = Kind::d;
  else
    return std::nullopt;
  if (parts.size() == 6) {
    if (parts[2] != "v=19" && parts[2] != "v=16") return std::nullopt;
    out.version = parts[2] == "v=19" ? ARGON2_VERSION_13 : ARGON2_VERSION_10;
    parts.erase(parts.begin() + 2);
  } else {
    out.version = ARGON2_VERSION_10;
  }
  const auto cost = split(parts[2], ',');
  if (cost.size() != 3) return std::nullopt;
  const auto memory_kib = parameter(cost[0], "m", 8, UINT32_MAX);
  const auto iterations = parameter(cost[1], "t", 1, UINT32_MAX);
  const auto parallelism = parameter(cost[2], "p", 1, 16);
  auto salt = base64_decode(parts[3], 8, 64);
  auto hash = base64_decode(parts[4], 16, 64);
  if (!memory_kib || !iterations || !parallelism || !salt || !hash) return std::nullopt;
  if (!is_bearable_argon2(*memory_kib, *iterations) || *memory_kib < 8 * *parallelism) return std::nullopt;
  out.memory_kib = *memory_kib;
  out.iterations = *iterations;
  out.parallelism = *parallelism;
  out.salt = std::move(*salt);
  out.hash = std::move(*hash);
  return out;
}

Status check_hash(std::string_view hash) {
  if (hash.size() <= hash_text_size_max_bytes && hash.find('\0') == std::string_view::npos &&
      (Argon2Hash::parse(hash) || is_crypt(hash) || Pbkdf2Hash::parse(hash) || ScryptHash::parse(hash)))
    return {};
  return fail(Error::invalid(
      "password_hash",
      "must be a hash of Argon2 ($argon2id$, $argon2i$, $argon2d$; at most 1 GiB, 16 lanes), bcrypt ($2a$, "
      "$2b$, $2y$; "
      "cost 4 to 15), sha512crypt ($6$; at most 2000000 rounds), yescrypt ($y$; at most 256 MiB), PBKDF2 "
      "($pbkdf2-sha256$, $pbkdf2-sha512$, pbkdf2_sha256$; at most 4000000 iterations) or scrypt ($scrypt$; "
      "at most "
      "256 MiB)"));
}

Result<bool> matches(const Secret& password, std::string_view hash) {
  if (auto argon2 = Argon2Hash::parse(hash)) {
    const bool is_plain = argon2->parallelism == 1 && argon2->version == ARGON2_VERSION_13 &&
                          argon2->kind == Argon2Hash::Kind::id &&
                          argon2->salt.size() == crypto_pwhash_SALTBYTES;
    if (!is_plain) return matches_argon2(password, std::move(*argon2));
    std::array<unsigned char, 64> computed{};
    const int status =
        crypto_pwhash(computed.data(), argon2->hash.size(), password.reveal().data(), password.size(),
                      reinterpret_cast<const unsigned char*>(argon2->salt.data()), argon2->iterations,
                      std::size_t{argon2->memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13);
    const bool same = sodium_memcmp(computed.data(), argon2->hash.data(), argon2->hash.size()) == 0;
    sodium_memzero(computed.data(), computed.size());
    if (status != 0) return fail(out_of_memory());
    return same;
  }
  if (is_crypt(hash)) return matches_crypt(password, hash);
  if (const auto pbkdf2 = Pbkdf2Hash::parse(hash)) return matches_pbkdf2(password, *pbkdf2);
  if (const auto scrypt = ScryptHash::parse(hash)) return matches_scrypt(password, *scrypt);
  return fail(ErrorCode::internal, "internal error", "the stored password hash is of no known scheme");
}

}  // namespace muster::crypto
