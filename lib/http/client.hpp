// SPDX-License-Identifier: Apache-2.0
/// @file A blocking HTTP/1.1 client with one kept-alive connection: what musterctl speaks to musterd with.
/// An https client makes the process ignore SIGPIPE. Not thread-safe: one client a thread.
#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace muster::http {

struct ClientOptions {
  std::string server;  ///< "unix:/path", "http://host:port" or "https://host:port".
  std::chrono::milliseconds timeout{30'000};
  std::string certificate_authority_file;  ///< PEM; empty: the system's. For https.
};

class Client {
 public:
  explicit Client(ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Sends one request and reads the whole response. A GET, PUT, DELETE or a POST with an Idempotency-Key is
  /// tried once more when the kept-alive connection turned out to be closed. Errors: invalid_argument (server
  /// is not an address of the three forms), unavailable (cannot connect, connection lost, certificate
  /// refused: the message says which and to what), deadline_exceeded.
  Result<Response> send(Method method, const std::string& target, const Headers& headers,
                        const std::string& body);
  /// Whether the last send() failed because the connection broke after the request was on its way: it may
  /// have been carried out.
  [[nodiscard]] bool lost_answer() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace muster::http
