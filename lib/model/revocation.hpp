// SPDX-License-Identifier: Apache-2.0
/// @file Which tokens are revoked. A revocation has an epoch, a number that only grows; a token carries the
/// epoch that was current when it was issued. A revocation of E kills the tokens of its target with an epoch
/// below E: exact to the token, however coarse `iat` is, and safe when clocks go back. With `issued_before`
/// it kills, of those, only the ones whose `iat` is earlier.
/// RevocationIndex is thread-safe; readers never wait for each other.
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace muster::model {

struct RevokeAll {
  bool operator==(const RevokeAll&) const = default;
};

struct Revocation {
  std::int64_t epoch = 0;
  std::variant<RevokeAll, UserId, SessionId> target;
  std::optional<Time> issued_before;
  Time revoked_at;
  Time expires_at;  ///< When the last token it can concern has died; after that it may be forgotten.
  std::string reason;
};

/// What of a token decides whether it is revoked.
struct TokenStamp {
  SessionId session;
  std::int64_t epoch = 0;
  Time issued_at;  ///< `iat`: whole seconds.
};

/// The live revocations of a daemon, in memory.
class RevocationIndex {
 public:
  void apply(const Revocation& revocation);
  [[nodiscard]] bool revokes(const TokenStamp& token) const;
  /// The highest epoch applied: what new tokens are stamped with.
  [[nodiscard]] std::int64_t epoch() const;
  /// Forgets what expired; returns how many entries are left.
  std::size_t forget_expired(Time now);

 private:
  struct Mark {
    std::int64_t epoch = 0;  ///< Of the latest revocation without issued_before.
    std::int64_t bounded_epoch = 0;
    Time bounded_before;  ///< Of those with one; the latest of each, which errs on the side of revoking.
    Time expires_at;

    void merge(const Revocation& revocation);
    [[nodiscard]] bool revokes(const TokenStamp& token) const;
  };
  struct alignas(64) Stripe {
    mutable std::shared_mutex mutex;
    std::unordered_map<UserId, Mark> users;
    std::unordered_map<SessionId, Mark> sessions;
    std::atomic<std::size_t> entries{0};  ///< Of both: an empty stripe is not locked to be read.
  };
  static constexpr std::size_t stripe_count = 64;

  [[nodiscard]] static std::size_t stripe_of(UserId user);

  std::array<Stripe, stripe_count> stripes_;
  mutable std::shared_mutex all_mutex_;
  Mark all_;
  std::atomic<bool> has_all_{false};
  std::atomic<std::int64_t> epoch_{0};
};

}  // namespace muster::model
