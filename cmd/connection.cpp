// SPDX-License-Identifier: Apache-2.0
#include "cmd/connection.hpp"

#include "base/encoding.hpp"
#include "base/version.hpp"
#include "cmd/credentials.hpp"
#include "cmd/files.hpp"
#include "cmd/globals.hpp"
#include "http/client.hpp"
#include "wire/codec.hpp"
#include "wire/envelope.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <system_error>
#include <thread>

#include <boost/json.hpp>
#include <unistd.h>

namespace muster::cmd {
namespace {

using namespace std::chrono_literals;

Time now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

/// How often a request whose answer was lost is sent again, and how long to wait before: long enough for a
/// daemon that starts anew.
constexpr std::array<std::chrono::milliseconds, 3> retry_pauses{{100ms, 500ms, 1500ms}};

void warn_of_listeners(const Server& server, const Globals& globals) {
  static std::once_flag once;
  if (globals.quiet || !is_readable_on_the_way(server.address)) return;
  std::call_once(once, [&] {
    std::fprintf(stderr,
                 "warning: %s is not encrypted: whoever is on the way can read the token and all data; "
                 "use https://\n",
                 server.address.c_str());
  });
}

/// Of 128 random bits.
std::string new_idempotency_key() {
  std::string bytes(16, '\0');
  if (::getentropy(bytes.data(), bytes.size()) != 0)
    throw std::system_error(errno, std::generic_category(), "getentropy");
  return hex_encode(bytes);
}

/// An access token this close to its end might not survive the journey.
constexpr std::chrono::seconds refresh_margin{10};

bool may_be_secret(std::string_view name) {
  constexpr std::array<std::string_view, 5> parts{"password", "token", "secret", "hash", "authorization"};
  for (const std::string_view part : parts)
    if (name.find(part) != std::string_view::npos) return true;
  return false;
}

void redact(wire::Json& json) {
  if (auto* object = json.if_object()) {
    for (auto& member : *object) {
      const bool is_text = member.value().is_string();
      if (is_text && may_be_secret({member.key().data(), member.key().size()}))
        member.value() = "***";
      else
        redact(member.value());
    }
  } else if (auto* list = json.if_array()) {
    for (wire::Json& item : *list) redact(item);
  }
}

}  // namespace

std::string redacted(std::string_view json_text) {
  auto json = wire::parse_json(json_text);
  if (!json) return "(" + std::to_string(json_text.size()) + " bytes that are not JSON)";
  redact(*json);
  return wire::to_text(*json);
}

std::string make_target(const std::string& path, const Query& query) {
  std::string target = path;
  for (const auto& [name, value] : query) {
    target += target.find('?') == std::string::npos ? '?' : '&';
    target += http::percent_encode(name) + "=" + http::percent_encode(value);
  }
  return target;
}

Connection::Connection(const Globals& globals) : globals_(globals) {}
Connection::~Connection() = default;

std::unique_ptr<Connection> Connection::another() const {
  auto other = std::make_unique<Connection>(globals_);
  other->server_ = server_;
  return other;
}

Result<Server> Connection::server() {
  if (!server_) {
    MUSTER_TRY(server_, resolve_server(globals_));
  }
  return *server_;
}

Result<std::optional<Secret>> Connection::token() {
  if (anonymous_ || server_->is_local_socket()) return std::optional<Secret>();
  if (!token_was_looked_up_) {
    token_was_looked_up_ = true;
    if (globals_.token_file) {
      MUSTER_TRY(token_, read_secret_file(*globals_.token_file));
    } else if (const std::string text = environment("MUSTER_TOKEN"); !text.empty()) {
      token_ = Secret(text);
    } else {
      MUSTER_TRY(const auto stored, load_credentials(server_->address));
      if (stored) {
        token_ = stored->access_token;
        token_is_from_login_ = true;
        if (stored->access_expires_at < now() + refresh_margin) {
          MUSTER_TRY(token_, refreshed(stored->access_token));
        }
      }
    }
  }
  return token_;
}

Result<Secret> Connection::refreshed(const Secret& stale) {
  MUSTER_TRY(const std::string lock_path, credentials_lock(server_->address));
  FileLock lock(lock_path);
  MUSTER_CHECK_OK(lock.lock());
  MUSTER_TRY(const auto stored, load_credentials(server_->address));
  const auto log_in_again = [&](const std::string& why) {
    return fail(ErrorCode::unauthenticated, why + "; log in again: musterctl login");
  };
  if (!stored) return log_in_again("the login is gone");
  // Another musterctl may have refreshed while this one waited.
  if (!(stored->access_token == stale) && now() + refresh_margin < stored->access_expires_at)
    return stored->access_token;
  const std::string body = "{\"refresh_token\":" + wire::encode(stored->refresh_token) + "}";
  MUSTER_TRY(const http::Response response,
             send_with(std::nullopt, http::Method::post, "/v1/sessions/refresh", body));
  auto envelope = wire::read_envelope(response.body, response.status);
  if (!envelope) {
    if (response.status == 401) return log_in_again("the login has ended (" + envelope.error().message + ")");
    return fail(std::move(envelope).error());
  }
  MUSTER_TRY(Credentials fresh, credentials_from_reply(server_->address, envelope->data_json, now()));
  if (fresh.username.empty()) fresh.username = stored->username;
  MUSTER_CHECK_OK(save_credentials(fresh));
  return fresh.access_token;
}

Result<http::Response> Connection::send(http::Method method, const std::string& target,
                                        const std::string& body) {
  MUSTER_CHECK_OK(server());
  MUSTER_TRY(const auto bearer, token());
  MUSTER_TRY(http::Response response, send_with(bearer, method, target, body));
  if (response.status != 401 || !token_is_from_login_) return response;
  const auto envelope = wire::read_envelope(response.body, response.status);
  if (envelope || envelope.error().code != ErrorCode::token_expired) return response;
  MUSTER_TRY(token_, refreshed(*token_));
  return send_with(token_, method, target, body);
}

Result<http::Response> Connection::send_with(const std::optional<Secret>& token, http::Method method,
                                             const std::string& target, const std::string& body) {
  if (!client_)
    client_ = std::make_unique<http::Client>(
        http::ClientOptions{server_->address, globals_.timeout, server_->certificate_authority_file});
  http::Headers headers;
  headers.add("Accept", "application/json");
  headers.add("User-Agent", "musterctl/" + std::string(version));
  if (!body.empty()) headers.add("Content-Type", "application/json");
  if (token) headers.add("Authorization", "Bearer " + std::string(token->reveal()));
  // With it, a request that is sent again is done once.
  if (method == http::Method::post && !keyless_) headers.add("Idempotency-Key", new_idempotency_key());
  warn_of_listeners(*server_, globals_);
  if (globals_.trace_http) trace_request(method, target, headers, body);
  auto response = client_->send(method, target, headers, body);
  if (!response && client_->lost_answer() && method != http::Method::patch && !keyless_)
    for (const auto pause : retry_pauses) {
      std::this_thread::sleep_for(pause);
      response = client_->send(method, target, headers, body);
      if (response || response.error().code != ErrorCode::unavailable) break;
    }
  if (globals_.trace_http && response) trace_response(*response);
  return response;
}

Result<std::string> Connection::call_text(http::Method method, const std::string& path, const Query& query,
                                          const std::optional<std::string>& body) {
  MUSTER_TRY(const http::Response response, send(method, make_target(path, query), body.value_or("")));
  auto envelope = wire::read_envelope(response.body, response.status);
  if (!envelope) {
    Error error = std::move(envelope).error();
    if (error.code == ErrorCode::unauthenticated && !token_ && !anonymous_)
      error.message += "; log in with musterctl login, or give a token in MUSTER_TOKEN or --token-file";
    return fail(std::move(error));
  }
  return std::move(envelope->data_json);
}

Result<wire::Json> Connection::call(http::Method method, const std::string& path, const Query& query,
                                    const std::optional<std::string>& body) {
  MUSTER_TRY(const std::string text, call_text(method, path, query, body));
  return wire::parse_json(text);
}

void Connection::trace_request(http::Method method, const std::string& target, const http::Headers& headers,
                               const std::string& body) const {
  std::string out =
      "> " + std::string(http::method_name(method)) + " " + target + " at " + server_->address + "\n";
  for (const auto& [name, value] : headers)
    out += "> " + name + ": " + (name == "Authorization" ? "Bearer ***" : value) + "\n";
  if (!body.empty()) out += "> " + redacted(body) + "\n";
  std::fputs(out.c_str(), stderr);
}

void Connection::trace_response(const http::Response& response) const {
  std::string out =
      "< " + std::to_string(response.status) + " " + std::string(http::reason_phrase(response.status)) + "\n";
  for (const auto& [name, value] : response.headers) out += "< " + name + ": " + value + "\n";
  if (!response.body.empty()) out += "< " + redacted(response.body) + "\n";
  std::fputs(out.c_str(), stderr);
}

}  // namespace muster::cmd
