// SPDX-License-Identifier: Apache-2.0
#include "ops/audit_walk.hpp"
#include "ops/backup_files.hpp"
#include "ops/context.hpp"
#include "ops/job_runner.hpp"
#include "ops/shards_check.hpp"
#include "ops/warm_cache.hpp"
#include "ports/security_store.hpp"

#include <array>
#include <filesystem>

namespace muster::ops {
namespace {

/// Begins anew when it goes on, unless all that was left was to say so: a backup is of one moment.
Result<JsonObject> back_up(Context& context, JobControl& control, const model::Job& job) {
  const auto settings = context.settings();
  MUSTER_TRY(const auto json, wire::parse_json(job.parameters.text));
  MUSTER_TRY(const BackupName parameters, wire::decode<BackupName>(json));
  MUSTER_TRY(const std::string path, backup_path(*settings, parameters.name));
  if (job.result)
    if (const auto file = find_backup(*settings, parameters.name)) return JsonObject{wire::encode(*file)};
  MUSTER_CHECK_OK(make_backup_folder(*settings));
  const std::string partial = partial_backup_path(path);
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
  const Status written = context.store.backup(
      partial, [&](std::int64_t done, std::int64_t total) { return control.report(done, total); });
  if (!written) {
    std::filesystem::remove(partial, ignored);
    return fail(written.error());
  }
  MUSTER_CHECK_OK(control.checkpoint(job.parameters, Keep::at_once));
  MUSTER_CHECK_OK(finish_backup(path));
  MUSTER_TRY(const BackupFile file, find_backup(*settings, parameters.name));
  return JsonObject{wire::encode(file)};
}

Result<JsonObject> verify_audit(Context& context, JobControl& control, const model::Job& job) {
  AuditVerdict verdict;
  if (job.result) {
    MUSTER_TRY(const auto json, wire::parse_json(job.result->text));
    MUSTER_TRY(verdict, wire::decode<AuditVerdict>(json));
  }
  std::int64_t total = 0;
  MUSTER_CHECK_OK(context.store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto head, unit.audit().head());
    total = head.first;
    return {};
  }));
  AuditWalk walk(context, verdict);
  for (bool more = true; more;) {
    MUSTER_TRY(more, walk.step());
    const JsonObject state{wire::encode(walk.verdict())};
    if (!control.report(walk.verdict().head_seq, total))
      return fail(ErrorCode::unavailable, "the job was interrupted");
    MUSTER_CHECK_OK(control.checkpoint(state, Keep::now_and_then));
  }
  return JsonObject{wire::encode(walk.verdict())};
}

constexpr std::array kinds{JobKind{"backup", back_up}, JobKind{"audit_verify", verify_audit},
                           JobKind{"shard_check", check_shards}, JobKind{"cache_warm", warm_cache}};

}  // namespace

const JobKind* find_job_kind(std::string_view name) {
  for (const JobKind& kind : kinds)
    if (kind.name == name) return &kind;
  return nullptr;
}

}  // namespace muster::ops
