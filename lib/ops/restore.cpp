// SPDX-License-Identifier: Apache-2.0
#include "ops/restore.hpp"

#include "ops/authorizer.hpp"
#include "ops/context.hpp"
#include "ops/durable_file.hpp"
#include "ops/revoking.hpp"
#include "ops/tokens.hpp"
#include "ports/security_store.hpp"
#include "wire/codec.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace muster::ops {
namespace {

namespace fs = std::filesystem;

struct RequestFile {
  std::string name;
  std::string path;
  std::string requested_by;

  static constexpr auto fields() {
    return std::tuple{field("name", &RequestFile::name, ""), field("path", &RequestFile::path, ""),
                      field("requested_by", &RequestFile::requested_by, "")};
  }
};

std::string requested(const std::string& data_directory) {
  return data_directory + "/restore.request";
}
std::string restored(const std::string& data_directory) {
  return data_directory + "/restore.done";
}

Result<std::optional<RestoreRequest>> read_request(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::optional<RestoreRequest>();
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto json = wire::parse_json(text);
  if (!file || !json)
    return fail(ErrorCode::unavailable, path + " cannot be read: remove it to start without a restore");
  auto request = wire::decode<RequestFile>(*json);
  if (!request)
    return fail(ErrorCode::unavailable, path + " cannot be read: remove it to start without a restore",
                request.error().message);
  return std::optional(RestoreRequest{request->name, request->path, request->requested_by});
}

/// Everything that was good before the restore ends: sessions by a revocation, and access tokens with the
/// keys, for a token may carry a later epoch than the restored store knows.
Status end_everything_from_before(Context& context, const RestoreRequest& request) {
  return context.store.write([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(const auto keys, unit.keys().list());
    for (const model::SealedSigningKey& key : keys) MUSTER_CHECK_OK(unit.keys().remove(key.key.id));
    MUSTER_CHECK_OK(revoke_everything(context, unit, {std::nullopt, "restored from " + request.name}));
    model::AuditRecord record;
    record.time = context.clock.now();
    record.actor = request.requested_by;
    record.source = "daemon";
    record.operation = "finish_restore";
    record.target = "backup:" + request.name;
    record.outcome = "ok";
    return unit.audit().append(record);
  });
}

}  // namespace

Status request_restore(const std::string& data_directory, const RestoreRequest& request) {
  return replace_file(requested(data_directory),
                      wire::encode(RequestFile{request.name, request.path, request.requested_by}));
}

Result<std::optional<RestoreRequest>> pending_restore(const std::string& data_directory) {
  return read_request(requested(data_directory));
}

Status mark_restored(const std::string& data_directory) {
  return move_file(requested(data_directory), restored(data_directory));
}

Result<bool> finish_restore(Context& context) {
  const auto settings = context.settings();
  const std::string marker = restored(settings->data_directory);
  MUSTER_TRY(const auto request, read_request(marker));
  if (!request) return false;
  MUSTER_CHECK_OK(end_everything_from_before(context, *request));
  MUSTER_CHECK_OK(context.tokens.load(*settings));
  MUSTER_CHECK_OK(context.authorizer.load());
  std::error_code error;
  fs::remove(marker, error);
  if (error) return fail(ErrorCode::unavailable, "cannot remove " + marker + ": " + error.message());
  MUSTER_CHECK_OK(flush_to_disk(settings->data_directory));
  return true;
}

}  // namespace muster::ops
