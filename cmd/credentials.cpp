// SPDX-License-Identifier: Apache-2.0
#include "cmd/credentials.hpp"

#include "cmd/files.hpp"
#include "http/message.hpp"
#include "wire/codec.hpp"

#include <boost/json.hpp>
#include <unistd.h>

namespace muster::cmd {
namespace {

Result<std::string> credentials_file(const std::string& server) {
  MUSTER_TRY(const std::string folder, state_folder());
  return folder + "/login-" + http::percent_encode(server) + ".json";
}

}  // namespace

Result<std::optional<Credentials>> load_credentials(const std::string& server) {
  const auto path = credentials_file(server);
  if (!path) return std::optional<Credentials>();
  const auto text = read_file(*path);
  if (!text && text.error().code == ErrorCode::not_found) return std::optional<Credentials>();
  if (!text) return fail(ErrorCode::precondition_failed, text.error().message);
  const auto json = wire::parse_json(*text);
  if (!json) return fail(ErrorCode::precondition_failed, *path + ": " + json.error().message);
  auto credentials = wire::decode<Credentials>(*json);
  if (!credentials) return fail(ErrorCode::precondition_failed, *path + ": " + credentials.error().message);
  return std::optional(std::move(*credentials));
}

Status save_credentials(const Credentials& credentials) {
  MUSTER_TRY(const std::string path, credentials_file(credentials.server));
  return write_private_file(path, wire::encode(credentials) + "\n");
}

Result<bool> remove_credentials(const std::string& server) {
  MUSTER_TRY(const std::string path, credentials_file(server));
  return ::unlink(path.c_str()) == 0;
}

Result<std::string> credentials_lock(const std::string& server) {
  MUSTER_TRY(const std::string path, credentials_file(server));
  return path + ".lock";
}

Result<Credentials> credentials_from_reply(const std::string& server, const std::string& reply_json,
                                           Time now) {
  const auto json = wire::parse_json(reply_json);
  const auto* reply = json ? json->if_object() : nullptr;
  const auto text = [&](const char* name) {
    const auto* value = reply == nullptr ? nullptr : reply->if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  const auto seconds = [&](const char* name) {
    const auto* value = reply == nullptr ? nullptr : reply->if_contains(name);
    return std::chrono::seconds(value != nullptr && value->is_int64() ? value->get_int64() : 0);
  };
  Credentials credentials;
  credentials.server = server;
  credentials.session_id = text("session_id");
  credentials.access_token = Secret(text("access_token"));
  credentials.access_expires_at = now + seconds("expires_in");
  credentials.refresh_token = Secret(text("refresh_token"));
  credentials.refresh_expires_at = now + seconds("refresh_expires_in");
  if (credentials.access_token.empty() || credentials.refresh_token.empty())
    return fail(ErrorCode::internal, "the server's answer to the login has no tokens");
  if (const auto* user = reply->if_contains("user"); user != nullptr && user->is_object())
    if (const auto* name = user->get_object().if_contains("username"); name != nullptr && name->is_string())
      credentials.username = std::string(name->get_string());
  return credentials;
}

}  // namespace muster::cmd
