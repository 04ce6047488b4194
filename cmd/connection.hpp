// SPDX-License-Identifier: Apache-2.0
/// @file Calls of musterd: one kept-alive connection, the bearer token where one is needed (never on a local
/// socket, where the peer's uid says who calls), and the envelope taken off. Resolves the server at the first
/// call. Not thread-safe: one a thread, see another().
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "cmd/server.hpp"
#include "http/message.hpp"
#include "wire/json.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::http {
class Client;
}

namespace muster::cmd {

struct Globals;

using Query = std::vector<std::pair<std::string, std::string>>;

class Connection {
 public:
  explicit Connection(const Globals& globals);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Of the same server and caller, for another thread.
  [[nodiscard]] std::unique_ptr<Connection> another() const;

  /// The envelope's data. Errors: those of the server, of the connection, and of finding the server.
  Result<wire::Json> call(http::Method method, const std::string& path, const Query& query = {},
                          const std::optional<std::string>& body = std::nullopt);
  Result<wire::Json> get(const std::string& path, const Query& query = {}) {
    return call(http::Method::get, path, query);
  }
  /// The data as text.
  Result<std::string> call_text(http::Method method, const std::string& path, const Query& query,
                                const std::optional<std::string>& body);
  /// The answer as it came, whatever its status.
  Result<http::Response> send(http::Method method, const std::string& target, const std::string& body);

  Result<Server> server();
  /// For the requests of a login, which have no token yet.
  void without_token() { anonymous_ = true; }
  /// For requests that do nothing more when they are repeated, and whose answers are too large to be kept.
  void without_idempotency_key() { keyless_ = true; }

 private:
  Result<std::optional<Secret>> token();
  Result<Secret> refreshed(const Secret& stale);
  Result<http::Response> send_with(const std::optional<Secret>& token, http::Method method,
                                   const std::string& target, const std::string& body);
  void trace_request(http::Method method, const std::string& target, const http::Headers& headers,
                     const std::string& body) const;
  void trace_response(const http::Response& response) const;

  const Globals& globals_;
  std::optional<Server> server_;
  std::unique_ptr<http::Client> client_;
  std::optional<Secret> token_;
  bool token_is_from_login_ = false;
  bool token_was_looked_up_ = false;
  bool anonymous_ = false;
  bool keyless_ = false;
};

/// JSON text for a person's eyes: what a secret could be in is replaced.
std::string redacted(std::string_view json_text);

/// Path segments and query, percent-encoded.
std::string make_target(const std::string& path, const Query& query);

}  // namespace muster::cmd
