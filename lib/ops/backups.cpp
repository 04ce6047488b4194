// SPDX-License-Identifier: Apache-2.0
#include "ops/backups.hpp"

#include "ops/backup_files.hpp"
#include "ops/context.hpp"
#include "ops/master_key.hpp"
#include "ops/new_job.hpp"
#include "ops/restore.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

/// "muster-20270115T080000Z-1234567890": the time for people, the id because two may be made in a second.
Result<std::string> new_name(Context& context) {
  MUSTER_TRY(const UserId id, context.ids.next());
  std::string time = format_time(std::chrono::floor<std::chrono::seconds>(context.clock.now()));
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return "muster-" + time + "-" + id.text() + ".db";
}

/// Sound, and of use with the master key that this daemon has.
Status check_backup(Context& context, const BackupFile& file, const std::string& path) {
  MUSTER_CHECK_OK(context.store.verify_backup(path));
  MUSTER_TRY(const auto value, context.store.fact_of_backup(path, std::string(master_key_check_name)));
  if (!value || check_master_key(context.sealer, *value)) return {};
  return fail(ErrorCode::conflict, "the backup " + file.name +
                                       " is sound, but its keys were sealed under another master key than "
                                       "this daemon's: it is of use only with that one");
}

}  // namespace

Result<CreateBackup::Reply> CreateBackup::run(Context& context, Call& call, const Request& request) {
  const auto settings = context.settings();
  std::string name;
  if (request.name) {
    name = *request.name;
  } else {
    MUSTER_TRY(name, new_name(context));
  }
  MUSTER_CHECK_OK(backup_path(*settings, name));
  if (find_backup(*settings, name))
    return fail(Error{
        ErrorCode::already_exists, "there is a backup " + name + " already", {}, {{"name", "is taken"}}, {}});
  return start_job(context, call, "backup", JsonObject{wire::encode(BackupName{name})});
}

Result<ListBackups::Reply> ListBackups::run(Context& context, Call& /*call*/, const Request& request) {
  MUSTER_TRY(auto items, all_backups(*context.settings()));
  if (request.cursor) {
    MUSTER_TRY(const std::string after, read_cursor("backups", *request.cursor));
    std::erase_if(items, [&](const BackupFile& file) { return file.name <= after; });
  }
  return make_page(std::move(items), request.limit, "backups",
                   [](const BackupFile& file) { return file.name; });
}

Result<VerifyBackup::Reply> VerifyBackup::run(Context& context, Call& /*call*/, const Request& request) {
  const auto settings = context.settings();
  MUSTER_TRY(const BackupFile file, find_backup(*settings, request.name));
  MUSTER_TRY(const std::string path, backup_path(*settings, request.name));
  MUSTER_CHECK_OK(check_backup(context, file, path));
  return Reply{file.name, true, file.size_bytes};
}

Result<RestoreBackup::Reply> RestoreBackup::run(Context& context, Call& call, const Request& request) {
  const auto settings = context.settings();
  MUSTER_TRY(const BackupFile file, find_backup(*settings, request.name));
  MUSTER_TRY(const std::string path, backup_path(*settings, request.name));
  MUSTER_CHECK_OK(check_backup(context, file, path));
  MUSTER_TRY(const auto pending, pending_restore(settings->data_directory));
  const bool is_asked_for = pending && pending->path == path;
  auto reply = call.commit<Reply>(context, ports::Home::catalog(),
                                  [&](ports::Unit& /*unit*/, Change& change) -> Result<Reply> {
                                    if (is_asked_for) return Reply{false, "needed"};
                                    change.target = "backup:" + file.name;
                                    change.after = wire::encode(file);
                                    return Reply{true, "needed"};
                                  });
  if (!reply || call.dry_run || call.replayed_reply || is_asked_for) return reply;
  MUSTER_CHECK_OK(request_restore(settings->data_directory, {file.name, path, call.caller.actor()}));
  return reply;
}

}  // namespace muster::ops
