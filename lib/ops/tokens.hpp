// SPDX-License-Identifier: Apache-2.0
/// @file Access and refresh tokens: issuing, checking, and the live revocations in memory. A token that was
/// verified is remembered until it expires (bounded), so checking it again costs no signature; whether it is
/// revoked is asked every time. Nothing here blocks but load() and issue(). Thread-safe.
#pragma once

#include "base/result.hpp"
#include "model/revocation.hpp"
#include "ops/feed_age.hpp"
#include "ops/revocation_lag.hpp"
#include "ops/settings.hpp"
#include "ports/clock.hpp"
#include "ports/crypto.hpp"
#include "ports/store.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::ops {

class Tokens {
 public:
  Tokens(ports::Store& store, ports::Clock& clock, ports::Entropy& entropy, ports::TokenSigner& signer,
         ports::Sealer& sealer, std::size_t remembered_max = 100'000);
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;
  ~Tokens();

  /// Reads keys (making the first ones) and live revocations from the store. Called at start.
  Status load(const Settings& settings);
  /// Reads the keys again after they changed.
  Status reload_keys();
  /// The same with the keys at hand: from a unit's after_commit. Forgets every remembered token. On an error,
  /// which is logged, the keys stay as they were.
  void replace_keys(const std::vector<model::SealedSigningKey>& keys);

  struct Issued {
    std::string access_token;
    Time expires_at;
  };
  /// `epoch` is what epoch() said before the caller looked at the session and its user: a revocation that
  /// comes in between then concerns this token too.
  Result<Issued> issue(const SessionId& session, const std::vector<std::string>& roles,
                       const Settings& settings, std::int64_t epoch);

  /// Errors: unauthenticated, token_expired, token_revoked, unavailable (what was revoked lately is not
  /// known).
  Result<std::shared_ptr<const ports::AccessClaims>> verify(std::string_view token, const Settings& settings);
  /// The answer if the token is remembered; nothing if its signature must be checked first.
  std::optional<Result<std::shared_ptr<const ports::AccessClaims>>> verify_from_memory(
      std::string_view token);

  /// "mrt_" and 128 characters: the session's id and 256 random bits, sealed.
  Secret new_refresh_token(const SessionId& session);
  /// Nothing for what this installation never gave out.
  [[nodiscard]] std::optional<SessionId> session_of_refresh_token(const Secret& token) const;

  /// From a unit's after_commit: in force for the very next check.
  void apply(const model::Revocation& revocation);
  /// The same, found in the store: perhaps made by another daemon, at most so long ago.
  void follow(const model::Revocation& revocation, Duration longest);
  /// All up to this epoch are in force.
  void raise_epoch(std::int64_t epoch);
  /// No token is good while that is too old. Called before the first check; it must outlive this.
  void refuse_when_old(const FeedAge& age);
  /// By the wall clocks of both machines, as far as they agree with what this daemon saw when; where they do
  /// not, the longest that it can have been.
  [[nodiscard]] RevocationLag::Snapshot lag() const;
  [[nodiscard]] std::int64_t epoch() const;
  /// How many verified tokens are kept in memory.
  [[nodiscard]] std::size_t remembered() const;
  /// When every access token that exists at `now` is dead for certain, also where the time to live was longer
  /// before: how long a revocation and a retired key must be kept.
  [[nodiscard]] Time dead_by(Time now, const Settings& settings) const;
  /// Forgets expired tokens and revocations; called now and then.
  void tidy();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::ops
