// SPDX-License-Identifier: Apache-2.0
/// @file Takes users over from another system, many at a time, and gives them out in the same form.
#pragma once

#include "base/secret.hpp"
#include "model/user.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

/// One user on the way in or out.
struct PortableUser {
  std::optional<UserId> id;
  std::string username;
  std::optional<std::string> email;
  std::optional<std::string> phone;
  std::optional<std::string> display_name;
  std::optional<model::UserStatus> status;
  std::optional<JsonObject> attributes;
  std::optional<Secret> password_hash;
  std::optional<Secret> password;
  std::optional<Time> created_at;
  std::optional<std::vector<std::string>> roles;
  std::optional<std::int64_t> line;
  std::optional<Error> problem;  ///< What was wrong with the item itself: it fails alone.

  static constexpr auto fields() {
    using Self = PortableUser;
    return std::tuple{
        field("id", &Self::id, "The user's id; a new one where there is none"),
        field("username", &Self::username, "Login name, unique without regard to case").length(1, 64),
        field("email", &Self::email, "Email address, unique").length(1, 254),
        field("phone", &Self::phone, "Phone number, unique").length(1, 64),
        field("display_name", &Self::display_name, "Name shown to people").length(0, 256),
        field("status", &Self::status, "Whether the user may log in").one_of("active|disabled"),
        field("attributes", &Self::attributes, "Free JSON object of the application"),
        field("password_hash", &Self::password_hash,
              "Argon2, bcrypt, sha512crypt, yescrypt, PBKDF2 or scrypt")
            .length(1, 1024),
        field("password", &Self::password, "In clear, instead of a hash; few in one batch"),
        field("created_at", &Self::created_at, "When the user was created"),
        field("roles", &Self::roles, "Roles to grant; needs grant:role").length(0, 100),
        field("line", &Self::line, "Where it stood in the file: given back in the result")};
  }
};

/// Collects what is wrong in the item instead of in the request. Found by the decoder.
void read(const wire::Json& json, const FieldRules& rules, std::string_view path, wire::Problems& problems,
          PortableUser& out);

struct ImportUsers {
  static constexpr std::size_t clear_passwords_max = 20;

  struct Request {
    std::vector<PortableUser> items;

    static constexpr auto fields() {
      return std::tuple{field("items", &Request::items, "1 to 1000 users").length(1, 1000)};
    }
  };
  struct Outcome {
    std::int64_t line = 0;
    std::optional<UserId> id;
    std::string outcome;
    std::optional<std::string> error;
    std::optional<std::string> field_name;
    std::optional<std::string> message;

    static constexpr auto fields() {
      return std::tuple{
          field("line", &Outcome::line, "The item's line, or its place in the list from 1"),
          field("id", &Outcome::id, "The user's id"),
          field("outcome", &Outcome::outcome, "What happened").one_of("created|unchanged|failed"),
          field("error", &Outcome::error, "Why it failed: the error's name"),
          field("field", &Outcome::field_name, "The field at fault"),
          field("message", &Outcome::message, "Why it failed, for people")};
    }
  };
  struct Reply {
    std::int64_t created = 0;
    std::int64_t unchanged = 0;
    std::int64_t failed = 0;
    std::vector<Outcome> results;

    static constexpr auto fields() {
      return std::tuple{field("created", &Reply::created, "How many users were created"),
                        field("unchanged", &Reply::unchanged, "How many were there already, just so"),
                        field("failed", &Reply::failed, "How many were refused"),
                        field("results", &Reply::results, "Each item's outcome, in their order")};
    }
  };

  static constexpr OperationInfo info{.name = "import_users",
                                      .summary = "Import users, with ready-made password hashes",
                                      .method = "POST",
                                      .path = "/v1/admin/users/import",
                                      .needs = "import:user",
                                      .command = "user import",
                                      .help =
                                          "Each item succeeds or fails alone; a repeated import changes "
                                          "nothing. At most 20 items of a batch may have a clear password."};

  /// Errors: invalid_argument (the batch itself), permission_denied (roles without grant:role).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct ExportUsers {
  struct Request {
    bool include_hashes = false;
    std::int64_t limit = page_limit_default;
    std::optional<std::string> cursor;

    static constexpr auto fields() {
      return std::tuple{
          field("include_hashes", &Request::include_hashes, "With password hashes; needs import:user too")
              .optional(),
          field("limit", &Request::limit, limit_description).range(1, page_limit_max).optional(),
          field("cursor", &Request::cursor, cursor_description)};
    }
  };
  using Reply = Page<PortableUser>;

  static constexpr OperationInfo info{.name = "export_users",
                                      .summary = "Export users as import takes them",
                                      .method = "GET",
                                      .path = "/v1/admin/users/export",
                                      .needs = "export:user",
                                      .command = "user export",
                                      .help = "Grants that lapse by themselves are left out."};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
