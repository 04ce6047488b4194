// SPDX-License-Identifier: Apache-2.0
/// @file Changes passwords: one's own, and anybody's as an operator.
#pragma once

#include "base/ids.hpp"
#include "base/secret.hpp"
#include "ops/call.hpp"
#include "ops/changed.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct ChangeOwnPassword {
  struct Request {
    Secret old_password;
    Secret new_password;

    static constexpr auto fields() {
      return std::tuple{
          field("old_password", &Request::old_password, "The password as it is"),
          field("new_password", &Request::new_password, "8 to 256 characters, not a common one")};
    }
  };
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "change_own_password",
                                      .summary = "Change one's own password and end all other sessions",
                                      .method = "POST",
                                      .path = "/v1/users/me/password",
                                      .lane = Lane::hashing};

  /// Errors: permission_denied (wrong old password), rate_limited, invalid_argument, not_found.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct SetUserPassword {
  struct Request {
    UserId id;
    Secret new_password;

    static constexpr auto fields() {
      return std::tuple{
          field("id", &Request::id, "The user's id"),
          field("new_password", &Request::new_password, "8 to 256 characters, not a common one")};
    }
  };
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "set_user_password",
                                      .summary = "Set a user's password and end all of the user's sessions",
                                      .method = "POST",
                                      .path = "/v1/users/{id}/password",
                                      .needs = "update:user",
                                      .lane = Lane::hashing,
                                      .command = "user set-password"};

  /// Errors: not_found, invalid_argument.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
