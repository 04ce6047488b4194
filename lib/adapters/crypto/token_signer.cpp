// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/token_signer.hpp"

#include "adapters/crypto/claims.hpp"
#include "adapters/crypto/signing.hpp"
#include "base/check.hpp"
#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>
#include <vector>

#include <sodium.h>

namespace muster::crypto {
namespace {

std::string seal_context(const std::string& key_id) {
  return "signing-key:" + key_id;
}

/// The encoded header of every token of a key, dot included. A token that begins with anything else is
/// refused, which settles algorithm, key id, type, `crit` and repeated members in one comparison.
std::string header_of(const model::SigningKey& key) {
  return base64url_encode(R"({"alg":")" + std::string(to_word(key.algorithm)) + R"(","kid":)" +
                          json_string(key.id) + R"(,"typ":"at+jwt"})") +
         '.';
}

}  // namespace

struct JwtSigner::KeySet {
  struct Entry {
    std::string header;
    std::unique_ptr<const SigningPart> part;
  };

  std::vector<Entry> entries;
  const Entry* current = nullptr;
  std::shared_ptr<const std::string> jwks = std::make_shared<const std::string>(R"({"keys":[]})");
};

JwtSigner::JwtSigner(TokenPolicy policy, ports::Sealer& sealer)
    : policy_(std::move(policy)), sealer_(sealer), keys_(std::make_shared<const KeySet>()) {
  MUSTER_CHECK(sodium_init() >= 0);
}

JwtSigner::~JwtSigner() = default;

std::shared_ptr<const JwtSigner::KeySet> JwtSigner::keys() const {
  const std::shared_lock lock(mutex_);
  return keys_;
}

Result<std::string> JwtSigner::sign(const ports::AccessClaims& claims) {
  const auto set = keys();
  if (set->current == nullptr)
    return fail(ErrorCode::internal, "internal error", "there is no current signing key");
  std::string token = set->current->header + base64url_encode(encode_claims(claims));
  MUSTER_TRY(const std::string signature, set->current->part->sign(token));
  token += '.';
  token += base64url_encode(signature);
  if (token.size() > token_size_max_bytes)
    return fail(ErrorCode::too_large,
                "the access token would be larger than 8 KiB: the user holds too many roles");
  return token;
}

Result<ports::AccessClaims> JwtSigner::verify(std::string_view token, Time now) {
  if (token.size() > token_size_max_bytes) return fail(refused_token("larger than 8 KiB"));
  const auto set = keys();
  const auto entry = std::find_if(set->entries.begin(), set->entries.end(),
                                  [&](const KeySet::Entry& each) { return token.starts_with(each.header); });
  if (entry == set->entries.end()) return fail(refused_token("its header is none of ours"));
  const auto last_dot = token.rfind('.');
  if (last_dot < entry->header.size()) return fail(refused_token("not three parts"));
  const std::string_view payload = token.substr(entry->header.size(), last_dot - entry->header.size());
  const auto signature = base64url_decode(token.substr(last_dot + 1));
  if (!signature || !entry->part->verify(token.substr(0, last_dot), *signature))
    return fail(refused_token("the signature is wrong"));
  const auto json = base64url_decode(payload);
  if (!json) return fail(refused_token("the claims are not base64url"));
  MUSTER_TRY(auto claims, decode_claims(*json));
  if (claims.issuer != policy_.issuer) return fail(refused_token("another issuer"));
  if (claims.audience != policy_.audience) return fail(refused_token("another audience"));
  if (claims.stamp.issued_at > now + policy_.skew) return fail(refused_token("issued in the future"));
  if (claims.expires_at <= claims.stamp.issued_at) return fail(refused_token("expires before it was issued"));
  if (claims.expires_at <= now) return fail(ErrorCode::token_expired, "the access token has expired");
  return claims;
}

Status JwtSigner::set_keys(const std::vector<model::SealedSigningKey>& keys) {
  auto set = std::make_shared<KeySet>();
  std::string jwks;
  std::size_t current = keys.size();
  for (const model::SealedSigningKey& each : keys) {
    MUSTER_TRY(const Secret private_part, sealer_.open(each.sealed_private, seal_context(each.key.id)));
    MUSTER_TRY(auto part, SigningPart::load(each.key.algorithm, private_part));
    if (const std::string members = part->jwk_members(); !members.empty()) {
      jwks += jwks.empty() ? "" : ",";
      jwks += '{' + members + R"(,"use":"sig","alg":")" + std::string(to_word(each.key.algorithm)) +
              R"(","kid":)" + json_string(each.key.id) + '}';
    }
    if (each.key.state == model::KeyState::current) current = set->entries.size();
    set->entries.push_back({header_of(each.key), std::move(part)});
  }
  if (current < set->entries.size()) set->current = &set->entries[current];
  set->jwks = std::make_shared<const std::string>(R"({"keys":[)" + jwks + "]}");
  const std::unique_lock lock(mutex_);
  keys_ = std::move(set);
  return {};
}

Result<model::SealedSigningKey> JwtSigner::generate(model::SigningAlgorithm algorithm, Time now) {
  std::array<char, 16> id{};
  randombytes_buf(id.data(), id.size());
  // The text begins with a letter: an id that began with '-' would be an option to a shell command and a
  // formula to a spreadsheet.
  id[0] = static_cast<char>(id[0] & 0x7f);
  model::SealedSigningKey out;
  out.key.id = base64url_encode({id.data(), id.size()});
  out.key.algorithm = algorithm;
  out.key.state = model::KeyState::next;
  out.key.created_at = now;
  MUSTER_TRY(const Secret private_part, SigningPart::generate(algorithm));
  out.sealed_private = sealer_.seal(private_part.reveal(), seal_context(out.key.id));
  return out;
}

std::shared_ptr<const std::string> JwtSigner::jwks() const {
  return keys()->jwks;
}

}  // namespace muster::crypto
