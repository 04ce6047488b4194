// SPDX-License-Identifier: Apache-2.0
/// @file Backs the store up, verifies backups and asks for a restore. Backups are files of the
/// configured\n/// directory, named without a path.
#pragma once

#include "model/job.hpp"
#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

namespace muster::ops {

struct BackupFile {
  std::string name;
  std::int64_t size_bytes = 0;
  Time created_at;

  static constexpr auto fields() {
    return std::tuple{field("name", &BackupFile::name, "The backup's name"),
                      field("size_bytes", &BackupFile::size_bytes, "Its size"),
                      field("created_at", &BackupFile::created_at, "When it was finished")};
  }
};

struct CreateBackup {
  struct Request {
    std::optional<std::string> name;

    static constexpr auto fields() {
      return std::tuple{
          field("name", &Request::name, "A-Z, a-z, 0-9, \".\", \"_\", \"-\"; absent: made of the time")
              .length(1, 100)};
    }
  };
  using Reply = model::Job;

  static constexpr OperationInfo info{
      .name = "create_backup",
      .summary = "Back the store up while it goes on serving",
      .method = "POST",
      .path = "/v1/admin/backups",
      .needs = "backup:store",
      .http_status = 202,
      .command = "backup create",
      .help =
          "The reply is the job that writes it; its result names the file. Of a store in SQLite: a "
          "database server has tools of its own for that, such as mariadb-backup."};

  /// Errors: invalid_argument, already_exists, conflict (no backup directory is configured).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct ListBackups {
  struct Request {
    std::int64_t limit = page_limit_default;
    std::optional<std::string> cursor;

    static constexpr auto fields() {
      return std::tuple{
          field("limit", &Request::limit, limit_description).range(1, page_limit_max).optional(),
          field("cursor", &Request::cursor, cursor_description)};
    }
  };
  using Reply = Page<BackupFile>;

  static constexpr OperationInfo info{.name = "list_backups",
                                      .summary = "List backups by name",
                                      .method = "GET",
                                      .path = "/v1/admin/backups",
                                      .needs = "backup:store",
                                      .command = "backup list"};

  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct BackupName {
  std::string name;

  static constexpr auto fields() {
    return std::tuple{field("name", &BackupName::name, "The backup's name").length(1, 100)};
  }
};

struct VerifyBackup {
  using Request = BackupName;
  struct Reply {
    std::string name;
    bool ok = true;
    std::int64_t size_bytes = 0;

    static constexpr auto fields() {
      return std::tuple{field("name", &Reply::name, "The backup's name"),
                        field("ok", &Reply::ok, "Always true: a damaged backup is an error"),
                        field("size_bytes", &Reply::size_bytes, "Its size")};
    }
  };

  static constexpr OperationInfo info{.name = "verify_backup",
                                      .summary = "Verify a backup's integrity",
                                      .method = "POST",
                                      .path = "/v1/admin/backups/{name}/verify",
                                      .needs = "backup:store",
                                      .command = "backup verify"};

  /// Errors: not_found, conflict (damaged, or sealed under another master key: the message says which).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct RestoreBackup {
  using Request = BackupName;
  struct Reply {
    bool changed = false;
    std::string restart;

    static constexpr auto fields() {
      return std::tuple{
          field("changed", &Reply::changed, "False when this restore was asked for already"),
          field("restart", &Reply::restart, "\"needed\": the daemon restores when it next starts")};
    }
  };

  static constexpr OperationInfo info{.name = "restore_backup",
                                      .summary = "Restore the store from a backup at the next start",
                                      .method = "POST",
                                      .path = "/v1/admin/backups/{name}/restore",
                                      .needs = "restore:store",
                                      .command = "backup restore",
                                      .destructive = true,
                                      .help =
                                          "The backup is verified now. When the daemon next starts it keeps "
                                          "the present store aside, puts the "
                                          "backup in its place, and revokes every token and session."};

  /// Errors: not_found, conflict (damaged, or sealed under another master key).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
