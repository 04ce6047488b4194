// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/sqlite_store.hpp"

#include "adapters/sql/change_log.hpp"
#include "adapters/sql/health.hpp"
#include "adapters/sql/readers.hpp"
#include "adapters/sql/store_counters.hpp"
#include "adapters/sql/writer.hpp"
#include "adapters/sqlite/backup.hpp"
#include "adapters/sqlite/file_lock.hpp"
#include "adapters/sqlite/files.hpp"
#include "adapters/sqlite/migrations.hpp"
#include "adapters/sqlite/plans.hpp"

#include <algorithm>
#include <filesystem>

#include <malloc.h>
#include <unistd.h>

namespace muster::sqlite {
namespace {

// How often one maintain() trims the change log at most.
constexpr int trims_max = 25;

class SqliteStore final : public ports::Store {
 public:
  SqliteStore(SqliteOptions options, FileLock lock, std::unique_ptr<sql::SlowLog> slow_log,
              std::unique_ptr<SqliteConnection> writer,
              std::vector<std::unique_ptr<sql::TransactionalConnection>> readers)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        slow_log_(std::move(slow_log)),
        connection_(*writer),
        readers_(std::move(readers), options_.reader_wait_max, health_),
        writer_(
            std::move(writer),
            sql::WriterLimits{options_.queue_length_max, options_.batch_units_max, options_.batch_time_max},
            health_, options_.epochs) {}

  using ports::Store::read;
  Status read(const ports::Home& /*home*/, const ports::Freshness& /*freshness*/,
              const std::function<Status(ports::Unit&)>& work) override {
    return readers_.read(work);
  }
  using ports::Store::write;
  Status write(const ports::Home& /*home*/, const std::function<Status(ports::Unit&)>& work) override {
    return writer_.write(work);
  }

  ports::StoreHealth health() override { return health_.report(); }

  [[nodiscard]] ports::StoreCounters counters() const override {
    ports::StoreCounters counters = sql::store_counters(writer_, readers_);
    counters.slow_statements = slow_log_->count();
    return counters;
  }

  Result<ports::Examination> examine() override {
    MUSTER_TRY(const auto plans, SqlitePlans::open(options_.path));
    return plans->examine();
  }

  Status backup(const std::string& path,
                const std::function<bool(std::int64_t, std::int64_t)>& progress) override {
    return write_backup(options_.path, path, progress);
  }
  Status verify_backup(const std::string& path) override { return check_backup(path); }
  Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                    const std::string& name) override {
    return sqlite::fact_of_backup(path, name);
  }

  Status maintain() override {
    MUSTER_CHECK_OK(trim_change_log());
    Status folded = writer_.run_alone([this](sql::TransactionalConnection&) -> Status {
      // As far as the readers' snapshots allow; what is left is folded in the next time.
      MUSTER_CHECK_OK(connection_.values_of("PRAGMA wal_checkpoint(PASSIVE)"));
      connection_.rest();
      return {};
    });
    if (!folded) return folded;
    readers_.rest(0);
    ::malloc_trim(0);
    return {};
  }

 private:
  Status trim_change_log();

  SqliteOptions options_;
  FileLock lock_;
  const std::unique_ptr<sql::SlowLog> slow_log_;  ///< The connections'.
  sql::Health health_;
  SqliteConnection& connection_;  ///< The writer's, to be used on its thread.
  sql::Readers readers_;
  sql::Writer writer_;
};

Status SqliteStore::trim_change_log() {
  bool more = true;
  for (int i = 0; more && i < trims_max; ++i) {
    Status trimmed = writer_.run_alone([&](sql::TransactionalConnection& connection) -> Status {
      MUSTER_TRY(more, sql::trim_change_log(connection, options_.change_log_keep));
      return {};
    });
    if (!trimmed) return trimmed;
  }
  return {};
}

/// What the operator reads when the file cannot be opened: the file, what is wrong, what to do.
Error opening_failed(const std::string& path, Error error) {
  if (!error.message.starts_with(path)) error.message = path + ": " + error.message;
  return error;
}

Status set_up_writer(SqliteConnection& connection, const SqliteOptions& options) {
  MUSTER_CHECK_OK(check_schema(connection));
  MUSTER_TRY(const std::string mode, connection.value_of("PRAGMA journal_mode = WAL"));
  if (mode != "wal")
    return fail(ErrorCode::unavailable, "the file system does not let SQLite keep a write-ahead log",
                "journal_mode is " + mode);
  MUSTER_CHECK_OK(
      connection.execute("PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; "
                         "PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864"));
  if (options.size_max_bytes > 0) {
    constexpr std::int64_t page_size_bytes = 4096;
    MUSTER_CHECK_OK(connection.values_of(
        "PRAGMA max_page_count = " +
        std::to_string(std::max<std::int64_t>(options.size_max_bytes / page_size_bytes, 1))));
  }
  return migrate(connection);
}

Result<std::unique_ptr<ports::Store>> open_locked(SqliteOptions options, FileLock lock) {
  if (::access(options.path.c_str(), F_OK) == 0 && ::access(options.path.c_str(), W_OK) != 0)
    return fail(ErrorCode::unavailable, "the database file is read-only; make it writable for this user");
  MUSTER_CHECK_OK(create_private_file(options.path));
  const int timeout_ms = static_cast<int>(options.busy_timeout.count());
  MUSTER_TRY(auto writer, SqliteConnection::open(options.path, ConnectionKind::writer,
                                                 options.writer_cache_kib, timeout_ms));
  MUSTER_CHECK_OK(set_up_writer(*writer, options));
  static_cast<void>(writer->take_trouble());
  auto slow_log = std::make_unique<sql::SlowLog>(sql::SlowLog::Limits{.slow_from = options.slow_from},
                                                 options.path, explanations_of(options.path));
  writer->watch_with(*slow_log);
  std::vector<std::unique_ptr<sql::TransactionalConnection>> readers;
  for (std::size_t i = 0; i < std::max<std::size_t>(options.readers, 1); ++i) {
    MUSTER_TRY(auto reader, SqliteConnection::open(options.path, ConnectionKind::reader,
                                                   options.reader_cache_kib, timeout_ms));
    MUSTER_CHECK_OK(reader->execute("PRAGMA query_only = ON"));
    reader->watch_with(*slow_log);
    readers.push_back(std::move(reader));
  }
  return std::unique_ptr<ports::Store>(std::make_unique<SqliteStore>(
      std::move(options), std::move(lock), std::move(slow_log), std::move(writer), std::move(readers)));
}

}  // namespace

Result<std::unique_ptr<ports::Store>> open(SqliteOptions options) {
  std::error_code error;
  const std::string path = options.path;
  if (path.empty()) return fail(Error::invalid("path", "must name a file"));
  if (!std::filesystem::is_directory(folder_of(path), error))
    return fail(ErrorCode::unavailable, path + ": its folder does not exist");
  MUSTER_TRY(auto lock, FileLock::acquire(path));
  auto opened = open_locked(std::move(options), std::move(lock));
  if (!opened) return fail(opening_failed(path, opened.error()));
  return opened;
}

Status install_backup(const std::string& backup_path, const std::string& database_path) {
  MUSTER_CHECK_OK(check_backup(backup_path));
  MUSTER_TRY(const auto lock, FileLock::acquire(database_path));
  // Installed before a crash, and not noted: to do it again would put the restored file in the place of what
  // was there before.
  if (have_same_bytes(backup_path, database_path)) return {};
  const std::string incoming = database_path + ".restoring";
  const std::string before = database_path + ".before-restore";
  MUSTER_CHECK_OK(copy_file(backup_path, incoming));
  std::error_code error;
  if (std::filesystem::exists(database_path, error)) {
    // Folds the log in, so that one file is the whole of what was there.
    const auto old = SqliteConnection::open(database_path, ConnectionKind::writer, 2048, 2000);
    if (old) static_cast<void>((*old)->values_of("PRAGMA wal_checkpoint(TRUNCATE)"));
  }
  if (std::filesystem::exists(database_path, error)) {
    std::filesystem::remove(before, error);
    std::filesystem::create_hard_link(database_path, before, error);
    if (error) return fail(ErrorCode::unavailable, before + ": cannot be made: " + error.message());
  }
  // A log left behind would be replayed into the new file.
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(database_path + suffix, error);
  return replace_file(incoming, database_path);
}

}  // namespace muster::sqlite
