// SPDX-License-Identifier: Apache-2.0
/// @file Registers a user.
#pragma once

#include "base/secret.hpp"
#include "model/user.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct CreateUser {
  struct Request {
    std::optional<UserId> id;
    std::string username;
    Secret password;
    std::optional<std::string> email;
    std::optional<std::string> phone;
    std::optional<std::string> display_name;
    std::optional<JsonObject> attributes;

    static constexpr auto fields() {
      return std::tuple{
          field("id", &Request::id, "An id to keep, from another system; needs import:user"),
          field("username", &Request::username, "Login name, unique without regard to case").length(1, 64),
          field("password", &Request::password, "8 to 256 characters, not a common one"),
          field("email", &Request::email, "Email address, unique").length(1, 254),
          field("phone", &Request::phone, "Phone number, unique").length(1, 64),
          field("display_name", &Request::display_name, "Name shown to people").length(0, 256),
          field("attributes", &Request::attributes, "Free JSON object of the application")};
    }
  };
  using Reply = model::User;

  static constexpr OperationInfo info{
      .name = "create_user",
      .summary = "Register a user",
      .method = "POST",
      .path = "/v1/users",
      .needs = nobody_needs_anything,
      .http_status = 201,
      .lane = Lane::hashing,
      .command = "user create",
      .help = "Open to everybody while users.self_registration is on; otherwise it needs create:user."};

  /// Errors: unauthenticated, permission_denied, invalid_argument, already_exists.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
