// SPDX-License-Identifier: Apache-2.0
#include "ops/tokens.hpp"

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "ops/remembered_tokens.hpp"
#include "ports/security_store.hpp"
#include "ports/system_store.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <set>
#include <sstream>
#include <utility>

namespace muster::ops {
namespace {

constexpr std::string_view refresh_prefix = "mrt_";
constexpr std::size_t session_text_length = 32;
constexpr std::size_t refresh_secret_size_bytes = 32;
/// Base64url of the nonce (24), the secret (32) and the tag (16) that the sealer makes of it.
constexpr std::size_t refresh_sealed_length = 96;
/// Longer than the clocks of two machines may differ.
constexpr std::chrono::seconds clock_difference_max{60};
/// "TTL DEAD_BY" in microseconds: the time to live as of the last start, and when the tokens of the time to
/// live before that are dead.
constexpr const char* lifetime_fact = "access_token_lifetime";

std::string refresh_context(std::string_view session) {
  return "refresh-token:" + std::string(session);
}

std::uint64_t random_seed(ports::Entropy& entropy) {
  std::uint64_t seed = 0;
  const std::string bytes = entropy.bytes(sizeof seed);
  std::memcpy(&seed, bytes.data(), sizeof seed);
  return seed;
}

void raise(std::atomic<std::int64_t>& value, std::int64_t to) {
  std::int64_t seen = value.load();
  while (seen < to && !value.compare_exchange_weak(seen, to)) {
  }
}

const model::SealedSigningKey* in_state(const std::vector<model::SealedSigningKey>& keys,
                                        model::KeyState state) {
  const auto found =
      std::find_if(keys.begin(), keys.end(), [state](const auto& each) { return each.key.state == state; });
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace

class Tokens::Impl {
 public:
  Impl(ports::Store& a_store, ports::Clock& a_clock, ports::Entropy& an_entropy, ports::TokenSigner& a_signer,
       ports::Sealer& a_sealer, std::size_t remembered_max)
      : store(a_store),
        clock(a_clock),
        entropy(an_entropy),
        signer(a_signer),
        sealer(a_sealer),
        remembered(remembered_max, random_seed(an_entropy)) {}

  Status make_missing_keys(model::SigningAlgorithm algorithm);
  Status load_revocations();
  Status load_lifetime(Duration ttl);
  Result<RememberedTokens::Claims> judge(RememberedTokens::Claims claims, Time now) const;

  ports::Store& store;
  ports::Clock& clock;
  ports::Entropy& entropy;
  ports::TokenSigner& signer;
  ports::Sealer& sealer;
  model::RevocationIndex revocations;
  /// The last epoch given out before this start: what was revoked with it may be forgotten by now, but marks
  /// on users are not, and a new session must stand above them.
  std::atomic<std::int64_t> epoch_floor{0};
  std::atomic<std::int64_t> latest_expiry{0};  ///< Of a token issued here, or under an earlier setting.
  RememberedTokens remembered;
  const FeedAge* age = nullptr;
  RevocationLag lag;
  std::mutex own_mutex;
  std::set<std::int64_t> own;  ///< Epochs that were made here and are not yet followed.
};

Status Tokens::Impl::make_missing_keys(model::SigningAlgorithm algorithm) {
  std::vector<model::SealedSigningKey> keys;
  const auto read_keys = [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(keys, unit.keys().list());
    return {};
  };
  MUSTER_CHECK_OK(store.read(read_keys));
  const auto next_is_missing = [&] {
    const auto* next = in_state(keys, model::KeyState::next);
    return next == nullptr || next->key.algorithm != algorithm;
  };
  const bool current_is_missing = in_state(keys, model::KeyState::current) == nullptr;
  if (!current_is_missing && !next_is_missing()) return {};

  const Time now = clock.now();
  MUSTER_TRY(auto current, signer.generate(algorithm, now));
  MUSTER_TRY(const auto next, signer.generate(algorithm, now));
  current.key.state = model::KeyState::current;
  current.key.activated_at = now;
  return store.write([&](ports::Unit& unit) -> Status {
    MUSTER_CHECK_OK(read_keys(unit));
    if (in_state(keys, model::KeyState::current) == nullptr) MUSTER_CHECK_OK(unit.keys().insert(current));
    if (!next_is_missing()) return {};
    // A next key of another algorithm has signed nothing yet: the configured one takes its place.
    if (const auto* other = in_state(keys, model::KeyState::next))
      MUSTER_CHECK_OK(unit.keys().remove(other->key.id));
    return unit.keys().insert(next);
  });
}

Status Tokens::Impl::load_revocations() {
  constexpr std::size_t batch = 1000;
  const Time now = clock.now();
  return store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const std::int64_t last, unit.revocations().epoch());
    std::int64_t after = 0;
    while (true) {
      MUSTER_TRY(const auto page, unit.revocations().list(after, now, batch));
      for (const model::Revocation& each : page) revocations.apply(each);
      if (page.size() < batch) break;
      after = page.back().epoch;
    }
    epoch_floor = last;
    return {};
  });
}

Status Tokens::Impl::load_lifetime(Duration ttl) {
  std::optional<std::string> fact;
  MUSTER_CHECK_OK(store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(fact, unit.meta().get(lifetime_fact));
    return {};
  }));
  std::int64_t ttl_before = 0;
  std::int64_t dead_by = 0;
  if (fact) std::istringstream(*fact) >> ttl_before >> dead_by;
  if (ttl_before != ttl.count())
    dead_by = std::max(dead_by, clock.now().time_since_epoch().count() + ttl_before);
  raise(latest_expiry, dead_by);
  if (ttl_before == ttl.count()) return {};
  return store.write([&](ports::Unit& unit) {
    return unit.meta().put(lifetime_fact, std::to_string(ttl.count()) + " " + std::to_string(dead_by));
  });
}

Result<RememberedTokens::Claims> Tokens::Impl::judge(RememberedTokens::Claims claims, Time now) const {
  if (age != nullptr) MUSTER_CHECK_OK(age->check());
  if (now >= claims->expires_at) return fail(ErrorCode::token_expired, "the access token has expired");
  if (revocations.revokes(claims->stamp))
    return fail(ErrorCode::token_revoked, "the access token was revoked");
  return claims;
}

Tokens::Tokens(ports::Store& store, ports::Clock& clock, ports::Entropy& entropy, ports::TokenSigner& signer,
               ports::Sealer& sealer, std::size_t remembered_max)
    : impl_(std::make_unique<Impl>(store, clock, entropy, signer, sealer, remembered_max)) {}

Tokens::~Tokens() = default;

Status Tokens::load(const Settings& settings) {
  MUSTER_CHECK_OK(impl_->make_missing_keys(settings.token_algorithm));
  MUSTER_CHECK_OK(reload_keys());
  MUSTER_CHECK_OK(impl_->load_lifetime(settings.token_access_ttl));
  return impl_->load_revocations();
}

Status Tokens::reload_keys() {
  std::vector<model::SealedSigningKey> keys;
  MUSTER_CHECK_OK(impl_->store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(keys, unit.keys().list());
    return {};
  }));
  MUSTER_CHECK_OK(impl_->signer.set_keys(keys));
  impl_->remembered.clear();
  return {};
}

void Tokens::replace_keys(const std::vector<model::SealedSigningKey>& keys) {
  if (const auto status = impl_->signer.set_keys(keys); !status) {
    log::error("the signing keys stay as they were: {}", status.error().message);
    return;
  }
  impl_->remembered.clear();
}

Result<Tokens::Issued> Tokens::issue(const SessionId& session, const std::vector<std::string>& roles,
                                     const Settings& settings, std::int64_t epoch) {
  ports::AccessClaims claims;
  claims.issuer = settings.token_issuer;
  claims.audience = settings.token_audience;
  claims.token_id = base64url_encode(impl_->entropy.bytes(16));
  claims.stamp.session = session;
  claims.stamp.epoch = epoch;
  claims.stamp.issued_at = std::chrono::floor<std::chrono::seconds>(impl_->clock.now());
  claims.expires_at =
      std::chrono::floor<std::chrono::seconds>(claims.stamp.issued_at + settings.token_access_ttl);
  claims.roles = roles;
  raise(impl_->latest_expiry, claims.expires_at.time_since_epoch().count());
  MUSTER_TRY(std::string token, impl_->signer.sign(claims));
  return Issued{std::move(token), claims.expires_at};
}

Result<std::shared_ptr<const ports::AccessClaims>> Tokens::verify(std::string_view token,
                                                                  const Settings& /*settings*/) {
  if (auto known = verify_from_memory(token)) return std::move(*known);
  const std::uint64_t generation = impl_->remembered.generation();
  const Time now = impl_->clock.now();
  MUSTER_TRY(auto claims, impl_->signer.verify(token, now));
  auto shared = std::make_shared<const ports::AccessClaims>(std::move(claims));
  MUSTER_TRY(shared, impl_->judge(std::move(shared), now));
  impl_->remembered.put(token, shared, generation);
  return shared;
}

std::optional<Result<std::shared_ptr<const ports::AccessClaims>>> Tokens::verify_from_memory(
    std::string_view token) {
  auto claims = impl_->remembered.find(token);
  if (!claims) return std::nullopt;
  return impl_->judge(std::move(claims), impl_->clock.now());
}

Secret Tokens::new_refresh_token(const SessionId& session) {
  const std::string id = session.text();
  const Secret secret(impl_->entropy.bytes(refresh_secret_size_bytes));
  std::string text(refresh_prefix);
  text += id;
  // Sealed, so that nobody who only knows a session's id can make what looks like one of its used tokens,
  // and end it with that.
  text += base64url_encode(impl_->sealer.seal(secret.reveal(), refresh_context(id)));
  return Secret(std::move(text));
}

std::optional<SessionId> Tokens::session_of_refresh_token(const Secret& token) const {
  std::string_view text = token.reveal();
  if (text.size() != refresh_prefix.size() + session_text_length + refresh_sealed_length ||
      !text.starts_with(refresh_prefix))
    return std::nullopt;
  text.remove_prefix(refresh_prefix.size());
  const std::string_view id = text.substr(0, session_text_length);
  const auto sealed = base64url_decode(text.substr(session_text_length));
  if (!sealed || !impl_->sealer.open(*sealed, refresh_context(id))) return std::nullopt;
  return SessionId::parse(id);
}

void Tokens::apply(const model::Revocation& revocation) {
  impl_->revocations.apply(revocation);
  impl_->lag.record(std::max(impl_->clock.now() - revocation.revoked_at, Duration(0)));
  if (impl_->age == nullptr) return;
  const std::lock_guard lock(impl_->own_mutex);
  impl_->own.insert(revocation.epoch);
}

void Tokens::follow(const model::Revocation& revocation, Duration longest) {
  impl_->revocations.apply(revocation);
  {
    const std::lock_guard lock(impl_->own_mutex);
    const bool is_own = impl_->own.contains(revocation.epoch);
    impl_->own.erase(impl_->own.begin(), impl_->own.upper_bound(revocation.epoch));
    if (is_own) return;
  }
  const Duration by_clocks = impl_->clock.now() - revocation.revoked_at;
  const bool agree = by_clocks >= Duration(0) && by_clocks <= longest;
  impl_->lag.record(agree ? by_clocks : longest);
}

void Tokens::raise_epoch(std::int64_t epoch) {
  raise(impl_->epoch_floor, epoch);
}

void Tokens::refuse_when_old(const FeedAge& age) {
  impl_->age = &age;
}

RevocationLag::Snapshot Tokens::lag() const {
  return impl_->lag.snapshot();
}

std::size_t Tokens::remembered() const {
  return impl_->remembered.size();
}

std::int64_t Tokens::epoch() const {
  return std::max(impl_->revocations.epoch(), impl_->epoch_floor.load());
}

Time Tokens::dead_by(Time now, const Settings& settings) const {
  const Time latest{Duration(impl_->latest_expiry.load())};
  return std::max(now + settings.token_access_ttl, latest) + clock_difference_max;
}

void Tokens::tidy() {
  const Time now = impl_->clock.now();
  impl_->remembered.forget_expired(now);
  impl_->revocations.forget_expired(now);
}

}  // namespace muster::ops
