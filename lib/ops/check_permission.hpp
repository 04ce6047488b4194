// SPDX-License-Identifier: Apache-2.0
/// @file Answers whether a user may do something, from memory where it can. Nobody is allowed anything
/// who\n/// does not exist or is disabled.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"

namespace muster::ops {

struct PermissionQuestion {
  UserId user_id;
  std::string permission;

  static constexpr auto fields() {
    return std::tuple{
        field("user_id", &PermissionQuestion::user_id, "Whose permission"),
        field("permission", &PermissionQuestion::permission, "The permission code, action:resource")
            .length(3, 129)};
  }
};

struct PermissionAnswer {
  bool allowed = false;

  static constexpr auto fields() {
    return std::tuple{field("allowed", &PermissionAnswer::allowed, "Whether it is allowed")};
  }
};

struct CheckPermission {
  using Request = PermissionQuestion;
  using Reply = PermissionAnswer;

  static constexpr OperationInfo info{.name = "check_permission",
                                      .summary = "Check whether a user has a permission",
                                      .method = "POST",
                                      .path = "/v1/authz/check",
                                      .needs = "check:permission",
                                      .own_allowed = true,
                                      .lane = Lane::memory,
                                      .command = "role check"};

  /// Error: invalid_argument (not a permission code).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
  static std::optional<Result<Reply>> run_from_memory(Context& context, Call& call, const Request& request);
};

struct CheckPermissions {
  struct Request {
    std::vector<PermissionQuestion> items;

    static constexpr auto fields() {
      return std::tuple{field("items", &Request::items, "What to check").length(1, 1000)};
    }
  };
  struct Reply {
    std::vector<PermissionAnswer> results;

    static constexpr auto fields() {
      return std::tuple{field("results", &Reply::results, "The answers, in the order of the items")};
    }
  };

  static constexpr OperationInfo info{.name = "check_permissions",
                                      .summary = "Check many permissions at once",
                                      .method = "POST",
                                      .path = "/v1/authz/checks",
                                      .needs = "check:permission"};

  /// Error: invalid_argument, naming the item.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
