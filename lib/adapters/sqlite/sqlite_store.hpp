// SPDX-License-Identifier: Apache-2.0
/// @file The store in one SQLite file: nothing to install, one process, every acknowledged write on disk. One
/// writer thread commits many units at once; readers work on snapshots beside it. A file that cannot be
/// written any more (full, read-only, damaged) is read on, and says so. The store is thread-safe; open it
/// once for each file.
#pragma once

#include "base/result.hpp"
#include "ports/slot_numbers.hpp"
#include "ports/store.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace muster::sqlite {

struct SqliteOptions {
  std::string path;
  std::size_t readers = 4;
  std::size_t writer_cache_kib = 64 * 1024;         ///< At most; maintain() gives it back.
  std::size_t reader_cache_kib = 4 * 1024;          ///< Of each reader.
  std::size_t queue_length_max = 4096;              ///< Writes that may wait; more are told overloaded.
  std::size_t batch_units_max = 256;                ///< Units in one commit.
  std::chrono::milliseconds batch_time_max{20};     ///< No further unit joins a commit that is this old.
  std::chrono::milliseconds busy_timeout{2000};     ///< For another program that holds the file's write lock.
  std::chrono::milliseconds reader_wait_max{2000};  ///< For a free reader; then overloaded.
  std::chrono::microseconds slow_from{0};           ///< Statements that take so long are logged; 0: none.
  std::int64_t change_log_keep = 1'000'000;  ///< Newest entries of the change log that maintain() keeps.
  /// Where users are spread over several databases: which slots this one is written in. Null: all.
  std::shared_ptr<const ports::SlotNumbers> epochs = nullptr;
  std::int64_t size_max_bytes = 0;  ///< The database file's; 0 for no limit.
};

/// Opens the store, creating or migrating the file. Errors, each with a message for the operator: conflict
/// (another program's file, a newer schema), unavailable (in use by another process, damaged, read-only, no
/// such folder).
Result<std::unique_ptr<ports::Store>> open(SqliteOptions options);

/// Puts a verified backup in the place of a database that no process has open. What was there stays beside it
/// as `PATH.before-restore`. Errors: not_found, conflict (damaged backup), unavailable (in use, disk).
Status install_backup(const std::string& backup_path, const std::string& database_path);

}  // namespace muster::sqlite
