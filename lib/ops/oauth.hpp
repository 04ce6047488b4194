// SPDX-License-Identifier: Apache-2.0
/// @file Token introspection (RFC 7662) and revocation (RFC 7009). Their endpoints speak forms and plain JSON
/// instead of the envelope, so they are functions, not operations of the catalogue. They count and audit as
/// introspect_token and revoke_token. Thread-safe.
#pragma once

#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "ops/call.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::ops {

/// All but `active` are there for an active token only.
struct Introspection {
  bool active = false;
  std::string token_use;  ///< "access_token" or "refresh_token".
  std::string issuer;
  std::string audience;
  std::string token_id;  ///< Of an access token.
  std::optional<UserId> user;
  std::optional<SessionId> session;
  std::string username;
  Time issued_at;
  Time expires_at;
  std::vector<std::string> roles;

  /// The response of RFC 7662 section 2.2, with `token_use`, `sid` and `roles` beside the registered members.
  [[nodiscard]] std::string json() const;
};

/// Needs introspect:token. Errors: unauthenticated, permission_denied, those of the store; a bad token is
/// none.
Result<Introspection> introspect_token(Context& context, Call& call, const Secret& token);

/// Ends the session of an access or refresh token. Whoever has the token may; a token that is not good is no
/// error (RFC 7009 section 2.2). Errors: those of the store.
Status revoke_token(Context& context, Call& call, const Secret& token);

}  // namespace muster::ops
