// SPDX-License-Identifier: Apache-2.0
/// @file Lists, shows, changes and deletes users.
#pragma once

#include "model/user.hpp"
#include "ops/call.hpp"
#include "ops/changed.hpp"
#include "ops/operation.hpp"
#include "ops/parts.hpp"

namespace muster::ops {

struct ListUsers {
  struct Request {
    std::optional<std::string> username;
    std::optional<std::string> email;
    std::optional<std::string> phone;
    std::optional<model::UserStatus> status;
    std::optional<Time> created_after;
    std::optional<Time> created_before;
    std::int64_t limit = page_limit_default;
    std::optional<std::string> cursor;
    bool partial = false;

    static constexpr auto fields() {
      return std::tuple{
          field("username", &Request::username, "Only the user of this name"),
          field("email", &Request::email, "Only the user of this email address"),
          field("phone", &Request::phone, "Only the user of this phone number"),
          field("status", &Request::status, "Only users in this state").one_of("active|disabled"),
          field("created_after", &Request::created_after, "Only users created after this time"),
          field("created_before", &Request::created_before, "Only users created before this time"),
          field("limit", &Request::limit, limit_description).range(1, page_limit_max).optional(),
          field("cursor", &Request::cursor, cursor_description),
          field("partial", &Request::partial, partial_description).optional()};
    }
  };
  using Reply = PartialPage<model::User>;

  static constexpr OperationInfo info{.name = "list_users",
                                      .summary = "List users in the order of their ids",
                                      .method = "GET",
                                      .path = "/v1/users",
                                      .needs = "read:user",
                                      .command = "user list",
                                      .help = partial_help};

  /// Error: unavailable (a part cannot be reached, and partial was not asked for).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct GetUser {
  struct Request {
    UserId id;

    static constexpr auto fields() { return std::tuple{field("id", &Request::id, "The user's id")}; }
  };
  using Reply = model::User;

  static constexpr OperationInfo info{.name = "get_user",
                                      .summary = "Show a user",
                                      .method = "GET",
                                      .path = "/v1/users/{id}",
                                      .needs = "read:user",
                                      .own_allowed = true,
                                      .lane = Lane::memory,
                                      .command = "user get",
                                      .help =
                                          "May be answered by a copy that keeps up. Who has seen a version "
                                          "sends it as X-Muster-At-Least and is shown none before it."};

  /// From the store. Error: not_found.
  static Result<Reply> run(Context& context, Call& call, const Request& request);
  /// From the cache; nothing where there is none, or memory alone cannot tell.
  static std::optional<Result<EncodedReply>> encoded(Context& context, Call& call, const Request& request,
                                                     Patience patience);
};

struct UpdateUser {
  struct Request {
    UserId id;
    Patch<std::string> display_name;
    Patch<std::string> email;
    Patch<std::string> phone;
    Patch<model::UserStatus> status;
    Patch<JsonObject> attributes;

    static constexpr auto fields() {
      return std::tuple{
          field("id", &Request::id, "The user's id"),
          field("display_name", &Request::display_name, "Name shown to people").length(0, 256),
          field("email", &Request::email, "Email address, unique").length(1, 254),
          field("phone", &Request::phone, "Phone number, unique").length(1, 64),
          field("status", &Request::status, "Whether the user may log in").one_of("active|disabled"),
          field("attributes", &Request::attributes, "Merged into the attributes; null removes a member")};
    }
  };
  using Reply = model::User;

  static constexpr OperationInfo info{
      .name = "update_user",
      .summary = "Change a user",
      .method = "PATCH",
      .path = "/v1/users/{id}",
      .needs = "update:user",
      .own_allowed = true,
      .command = "user update",
      .help =
          "Disabling a user ends all sessions and revokes all tokens at once. Users may change themselves, "
          "but not their status."};

  /// Errors: not_found, precondition_failed (If-Match), already_exists, permission_denied (own status;
  /// email or status of a user with more rights).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct DeleteUser {
  struct Request {
    UserId id;

    static constexpr auto fields() { return std::tuple{field("id", &Request::id, "The user's id")}; }
  };
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "delete_user",
                                      .summary = "Delete a user with sessions and grants",
                                      .method = "DELETE",
                                      .path = "/v1/users/{id}",
                                      .needs = "delete:user",
                                      .own_allowed = true,
                                      .command = "user delete",
                                      .destructive = true};

  /// Errors: precondition_failed (If-Match), permission_denied (a user with more rights).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
