// SPDX-License-Identifier: Apache-2.0
/// @file Explains why a user may or may not do something.
#pragma once

#include "model/compiled_roles.hpp"
#include "model/user.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct ExplainPermission {
  struct Request {
    UserId user_id;
    std::string permission;

    static constexpr auto fields() {
      return std::tuple{
          field("user_id", &Request::user_id, "Whose permission"),
          field("permission", &Request::permission, "The permission code, action:resource").length(3, 129)};
    }
  };
  struct Reply {
    UserId user_id;
    std::string permission;
    bool allowed = false;
    model::UserStatus status = model::UserStatus::active;
    std::string message;
    std::optional<model::GrantPath> path;
    std::vector<model::GrantSuggestion> would_allow;

    static constexpr auto fields() {
      return std::tuple{
          field("user_id", &Reply::user_id, "Whose permission"),
          field("permission", &Reply::permission, "The permission code"),
          field("allowed", &Reply::allowed, "Whether it is allowed"),
          field("status", &Reply::status, "The user's status; a disabled user is allowed nothing")
              .one_of("active|disabled"),
          field("message", &Reply::message, "The answer in words"),
          field("path", &Reply::path, "The shortest way to the permission: who granted it, when, until when"),
          field("would_allow", &Reply::would_allow, "For a no: the smallest grants that would allow it")};
    }
  };

  static constexpr OperationInfo info{.name = "explain_permission",
                                      .summary = "Explain why a user has a permission or not",
                                      .method = "GET",
                                      .path = "/v1/authz/explain",
                                      .needs = "check:permission",
                                      .own_allowed = true,
                                      .command = "role explain"};

  /// Errors: not_found (user), invalid_argument (permission).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
