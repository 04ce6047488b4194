// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/backup.hpp"

#include "adapters/sql/security_store.hpp"
#include "adapters/sql/system_store.hpp"
#include "adapters/sqlite/driver.hpp"
#include "adapters/sqlite/files.hpp"
#include "adapters/sqlite/migrations.hpp"
#include "base/encoding.hpp"
#include "base/system_reason.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>  // renameat2 is not in <cstdio>
#include <unistd.h>

namespace muster::sqlite {
namespace {

constexpr int pages_at_a_time = 256;
constexpr std::size_t cache_kib = 2048;
constexpr int busy_timeout_ms = 2000;

/// Removes the unfinished file, whatever happens.
class Unfinished {
 public:
  explicit Unfinished(std::string path) : path_(std::move(path)) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() { ::unlink(path_.c_str()); }

 private:
  std::string path_;
};

Status copy_pages(SqliteConnection& source, SqliteConnection& target, const BackupProgress& progress) {
  sqlite3_backup* const backup = sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
  if (backup == nullptr) return fail(target.error_of(sqlite3_errcode(target.handle())));
  int status = SQLITE_OK;
  bool cancelled = false;
  while (status == SQLITE_OK && !cancelled) {
    status = sqlite3_backup_step(backup, pages_at_a_time);
    const std::int64_t total = sqlite3_backup_pagecount(backup);
    cancelled = progress && !progress(total - sqlite3_backup_remaining(backup), total);
  }
  sqlite3_backup_finish(backup);
  if (status != SQLITE_OK && status != SQLITE_DONE) return fail(target.error_of(status));
  // At the last page too: whoever cancelled expects no file.
  if (cancelled) return fail(ErrorCode::conflict, "the backup was cancelled");
  return {};
}

Status copy_database(const std::string& from, const std::string& to, const BackupProgress& progress) {
  MUSTER_TRY(const auto source,
             SqliteConnection::open(from, ConnectionKind::reader, cache_kib, busy_timeout_ms));
  MUSTER_TRY(const auto target,
             SqliteConnection::open(to, ConnectionKind::writer, cache_kib, busy_timeout_ms));
  MUSTER_CHECK_OK(target->execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY"));
  // One snapshot for the whole copy: writes that go on meanwhile do not make it start again.
  MUSTER_CHECK_OK(source->begin());
  MUSTER_CHECK_OK(source->value_of("SELECT COUNT(*) FROM sqlite_schema"));
  MUSTER_CHECK_OK(copy_pages(*source, *target, progress));
  // The copy says WAL like its source; a backup is one file and is opened without writing beside it.
  return target->execute("PRAGMA journal_mode = DELETE");
}

Error damaged(const std::string& path, const std::string& what) {
  return Error{ErrorCode::conflict, path + ": is not a sound Muster backup: " + what, {}, {}, {}};
}

Status check_chain(SqliteConnection& connection, const std::string& path) {
  constexpr std::size_t records_at_a_time = 1000;
  sql::Ledger ledger(connection, nullptr);
  sql::SqlAuditLog audit(connection, ledger);
  std::string previous;
  std::int64_t seq = 0;
  for (;;) {
    MUSTER_TRY(const auto records, audit.list({}, seq, records_at_a_time));
    for (const model::AuditRecord& record : records) {
      if (record.seq != seq + 1 || audit.chain_hash(previous, record) != record.hash)
        return fail(damaged(path, "the audit chain is broken at record " + std::to_string(seq + 1)));
      seq = record.seq;
      previous = record.hash;
    }
    if (records.size() < records_at_a_time) return {};
  }
}

Status check_content(SqliteConnection& connection, const std::string& path) {
  MUSTER_TRY(const std::int64_t version, check_schema(connection));
  if (version == 0) return fail(damaged(path, "it is empty"));
  MUSTER_TRY(const auto problems, connection.values_of("PRAGMA integrity_check(10)"));
  if (problems.size() != 1 || problems.front() != "ok")
    return fail(damaged(path, problems.empty() ? "the check gave no answer" : problems.front()));
  MUSTER_TRY(const auto dangling, connection.values_of("PRAGMA foreign_key_check"));
  if (!dangling.empty()) return fail(damaged(path, "rows of " + dangling.front() + " refer to nothing"));
  return check_chain(connection, path);
}

}  // namespace

Status write_backup(const std::string& database_path, const std::string& backup_path,
                    const BackupProgress& progress) {
  std::error_code error;
  const std::filesystem::path path(backup_path);
  if (backup_path.empty() || !path.has_filename()) return fail(Error::invalid("path", "must name a file"));
  if (std::filesystem::exists(path, error))
    return fail(ErrorCode::already_exists, backup_path + ": is there already");
  if (!std::filesystem::is_directory(folder_of(backup_path), error))
    return fail(Error::invalid("path", "its folder " + folder_of(backup_path) + " does not exist"));
  const std::string temporary = backup_path + ".unfinished-" + std::to_string(::getpid());
  ::unlink(temporary.c_str());
  const Unfinished unfinished(temporary);
  // Made here rather than by SQLite, for a mode that lets nobody else read it.
  MUSTER_CHECK_OK(create_private_file(temporary));
  MUSTER_CHECK_OK(copy_database(database_path, temporary, progress));
  MUSTER_CHECK_OK(sync_path(temporary));
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, backup_path.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return fail(ErrorCode::already_exists, backup_path + ": is there already");
    return fail(ErrorCode::unavailable, backup_path + ": cannot be made: " + system_reason());
  }
  return sync_path(folder_of(backup_path));
}

Status check_backup(const std::string& backup_path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(backup_path, error))
    return fail(ErrorCode::not_found, backup_path + ": there is no such file");
  const auto connection =
      SqliteConnection::open(backup_path, ConnectionKind::reader, cache_kib, busy_timeout_ms);
  if (!connection) return fail(damaged(backup_path, connection.error().detail));
  MUSTER_CHECK_OK((*connection)->execute("PRAGMA query_only = ON"));
  MUSTER_CHECK_OK((*connection)->begin());
  Status status = check_content(**connection, backup_path);
  (*connection)->rollback();
  // Damage shows as an error of the file; to the caller it is the answer.
  if (!status && status.error().code == ErrorCode::unavailable)
    return fail(damaged(backup_path, status.error().detail));
  return status;
}

Result<std::optional<std::string>> fact_of_backup(const std::string& backup_path, const std::string& name) {
  const auto connection =
      SqliteConnection::open(backup_path, ConnectionKind::reader, cache_kib, busy_timeout_ms);
  if (!connection) return fail(damaged(backup_path, connection.error().detail));
  return sql::SqlMetaStore(**connection).get(name);
}

}  // namespace muster::sqlite
