// SPDX-License-Identifier: Apache-2.0
#include "ops/backup_files.hpp"

#include "ops/durable_file.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

namespace muster::ops {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_length_max = 100;
constexpr std::string_view partial_prefix = ".partial-";

Result<BackupFile> describe(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(path, error)))
    return fail(ErrorCode::not_found, "there is no backup " + path.filename().string());
  BackupFile out;
  out.name = path.filename().string();
  out.size_bytes = static_cast<std::int64_t>(fs::file_size(path, error));
  const auto written = fs::last_write_time(path, error);
  if (error) return fail(ErrorCode::not_found, "there is no backup " + out.name, error.message());
  out.created_at = std::chrono::floor<std::chrono::seconds>(std::chrono::file_clock::to_sys(written));
  return out;
}

}  // namespace

Status check_backup_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (!name.empty() && name.size() <= name_length_max && name.front() != '.' &&
      std::all_of(name.begin(), name.end(), is_allowed))
    return {};
  return fail(Error::invalid(
      "name", "must be 1 to 100 of A-Z, a-z, 0-9, \".\", \"_\", \"-\", not beginning with \".\""));
}

Result<std::string> backup_path(const Settings& settings, const std::string& name) {
  MUSTER_CHECK_OK(check_backup_name(name));
  if (settings.backup_directory.empty())
    return fail(ErrorCode::conflict, "no folder for backups is configured (backup.directory)");
  return settings.backup_directory + "/" + name;
}

std::string partial_backup_path(const std::string& path) {
  const fs::path whole(path);
  return (whole.parent_path() / (std::string(partial_prefix) + whole.filename().string())).string();
}

Status make_backup_folder(const Settings& settings) {
  std::error_code error;
  const fs::path folder(settings.backup_directory);
  if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
  if (error)
    return fail(ErrorCode::unavailable, "cannot make the folder " + folder.string() + ": " + error.message());
  return {};
}

Status finish_backup(const std::string& path) {
  std::error_code error;
  if (fs::exists(path, error))
    return fail(ErrorCode::already_exists,
                "there is a backup " + fs::path(path).filename().string() + " already");
  const std::string partial = partial_backup_path(path);
  MUSTER_CHECK_OK(flush_to_disk(partial));
  return move_file(partial, path);
}

Result<BackupFile> find_backup(const Settings& settings, const std::string& name) {
  MUSTER_TRY(const std::string path, backup_path(settings, name));
  return describe(path);
}

Result<std::vector<BackupFile>> all_backups(const Settings& settings) {
  if (settings.backup_directory.empty())
    return fail(ErrorCode::conflict, "no folder for backups is configured (backup.directory)");
  std::vector<BackupFile> out;
  std::error_code error;
  if (!fs::exists(settings.backup_directory, error)) return out;
  for (fs::directory_iterator each(settings.backup_directory, error), end; !error && each != end;
       each.increment(error)) {
    if (!check_backup_name(each->path().filename().string())) continue;
    if (auto file = describe(each->path())) out.push_back(std::move(*file));
  }
  if (error)
    return fail(ErrorCode::unavailable, "cannot read " + settings.backup_directory + ": " + error.message());
  std::sort(out.begin(), out.end(), [](const BackupFile& a, const BackupFile& b) { return a.name < b.name; });
  return out;
}

}  // namespace muster::ops
