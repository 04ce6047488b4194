// SPDX-License-Identifier: Apache-2.0
/// @file A login that lasts: one session holds one live refresh token, which changes at each use.
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>

namespace muster::model {

struct Session {
  SessionId id;
  Time created_at;
  Time last_used_at;
  Time expires_at;
  std::string ip;
  std::string user_agent;
  std::string refresh_hash;           ///< SHA-256 of the live refresh token, raw 32 bytes.
  std::string refresh_previous_hash;  ///< Of the token before it: seeing that one again is reuse.
  Time issued_at;                     ///< When the live refresh token was issued.
  std::int64_t issued_epoch = 0;      ///< The revocation epoch it was issued at.
  std::optional<Time> revoked_at;

  [[nodiscard]] UserId user_id() const { return id.user; }
};

}  // namespace muster::model
