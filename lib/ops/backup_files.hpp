// SPDX-License-Identifier: Apache-2.0
/// @file The folder of backups. A name is a file of it and nothing else: no path gets in or out. A backup
/// that is being written has a name that no backup can have. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "ops/backups.hpp"
#include "ops/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::ops {

/// 1 to 100 of A-Z, a-z, 0-9, ".", "_", "-", not beginning with ".". Error: invalid_argument at `name`.
Status check_backup_name(std::string_view name);
/// Where the backup is or would be. Errors: invalid_argument (name), conflict (no folder is configured).
Result<std::string> backup_path(const Settings& settings, const std::string& name);
/// While it is being written.
std::string partial_backup_path(const std::string& path);
/// Error: unavailable.
Status make_backup_folder(const Settings& settings);
/// The finished backup, flushed to disk, gets its name. Errors: already_exists, unavailable.
Status finish_backup(const std::string& path);
/// Error: not_found.
Result<BackupFile> find_backup(const Settings& settings, const std::string& name);
/// By name. Empty when there is no folder yet. Errors: conflict, unavailable.
Result<std::vector<BackupFile>> all_backups(const Settings& settings);

}  // namespace muster::ops
