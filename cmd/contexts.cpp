// SPDX-License-Identifier: Apache-2.0
#include "cmd/contexts.hpp"

#include "cmd/files.hpp"
#include "wire/codec.hpp"

namespace muster::cmd {
namespace {

Result<std::string> contexts_file() {
  MUSTER_TRY(const std::string folder, config_folder());
  return folder + "/contexts.json";
}

}  // namespace

const ServerContext* Contexts::find(const std::string& name) const {
  for (const ServerContext& each : contexts)
    if (each.name == name) return &each;
  return nullptr;
}

Result<Contexts> load_contexts() {
  const auto path = contexts_file();
  // Without a home there can be no contexts, which is no reason to fail.
  if (!path) return Contexts{};
  const auto text = read_file(*path);
  if (!text && text.error().code == ErrorCode::not_found) return Contexts{};
  if (!text) return fail(ErrorCode::precondition_failed, text.error().message);
  const auto json = wire::parse_json(*text);
  if (!json) return fail(ErrorCode::precondition_failed, *path + ": " + json.error().message);
  auto contexts = wire::decode<Contexts>(*json);
  if (!contexts) return fail(ErrorCode::precondition_failed, *path + ": " + contexts.error().message);
  return std::move(*contexts);
}

Status save_contexts(const Contexts& contexts) {
  MUSTER_TRY(const std::string path, contexts_file());
  return write_private_file(path, wire::encode(contexts) + "\n");
}

}  // namespace muster::cmd
