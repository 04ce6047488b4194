// SPDX-License-Identifier: Apache-2.0
/// @file Begins a session with a password, and carries it on with a refresh token.
#pragma once

#include "base/ids.hpp"
#include "base/secret.hpp"
#include "model/user.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

/// The tokens of a session.
struct TokenPair {
  std::string access_token;
  std::string token_type = "Bearer";
  std::int64_t expires_in = 0;
  Secret refresh_token;
  std::int64_t refresh_expires_in = 0;
  SessionId session_id;
  model::User user;

  static constexpr auto fields() {
    return std::tuple{
        field("access_token", &TokenPair::access_token, "Goes into Authorization: Bearer"),
        field("token_type", &TokenPair::token_type, "Always Bearer"),
        field("expires_in", &TokenPair::expires_in, "Seconds until the access token expires"),
        field("refresh_token", &TokenPair::refresh_token, "Good for one refresh"),
        field("refresh_expires_in", &TokenPair::refresh_expires_in, "Seconds until the session expires"),
        field("session_id", &TokenPair::session_id, "The session's id"),
        field("user", &TokenPair::user, "Who logged in")};
  }
};

struct LogIn {
  struct Request {
    std::string login;
    Secret password;

    static constexpr auto fields() {
      return std::tuple{field("login", &Request::login, "Username or email address").length(1, 320),
                        field("password", &Request::password, "The password")};
    }
  };
  using Reply = TokenPair;

  static constexpr OperationInfo info{.name = "log_in",
                                      .summary = "Begin a session with a password",
                                      .method = "POST",
                                      .path = "/v1/sessions",
                                      .needs = nobody_needs_anything,
                                      .http_status = 201,
                                      .lane = Lane::hashing};

  /// Errors: unauthenticated (no such user or wrong password), account_disabled (the password was right),
  /// rate_limited.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct RefreshSession {
  struct Request {
    Secret refresh_token;

    static constexpr auto fields() {
      return std::tuple{field("refresh_token", &Request::refresh_token, "The session's latest refresh token")
                            .length(1, 256)};
    }
  };
  using Reply = TokenPair;

  static constexpr OperationInfo info{
      .name = "refresh_session",
      .summary = "Get new tokens for a refresh token",
      .method = "POST",
      .path = "/v1/sessions/refresh",
      .needs = nobody_needs_anything,
      .help =
          "Each refresh token works once. One that is seen again revokes the whole session, because "
          "somebody else must have it."};

  /// Errors: unauthenticated, token_expired, token_revoked, refresh_reused, account_disabled.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
