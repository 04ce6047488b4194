// SPDX-License-Identifier: Apache-2.0
/// @file Backups: a consistent copy of a database in use, as one file that is either whole or not there, and
/// its check. Thread-safe: each call opens connections of its own.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <optional>
#include <string>

namespace muster::sqlite {

using BackupProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

/// Errors: already_exists, invalid_argument (path), conflict (cancelled), unavailable (disk).
Status write_backup(const std::string& database_path, const std::string& backup_path,
                    const BackupProgress& progress);

/// Structure, schema version and the whole audit chain. Errors: not_found, conflict (what is wrong with it).
Status check_backup(const std::string& backup_path);

/// Of a backup that is sound. Error: conflict (cannot be read).
Result<std::optional<std::string>> fact_of_backup(const std::string& backup_path, const std::string& name);

}  // namespace muster::sqlite
