// SPDX-License-Identifier: Apache-2.0
/// @file The client's socket: where a server address leads, connecting, TLS with full verification, and
/// errors that name the server. Every call ends by its deadline.
/// Not thread-safe.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace muster::http {

struct ServerAddress {
  enum class Kind : std::uint8_t { unix_socket, plain, tls };
  Kind kind = Kind::unix_socket;
  std::string path;  ///< Of a Unix socket.
  std::string host;
  std::uint16_t port = 0;
  std::string host_header;

  /// Error: invalid_argument.
  static Result<ServerAddress> parse(const std::string& text);
};

class ClientConnection {
 public:
  using Clock = std::chrono::steady_clock;

  /// Errors: unavailable, deadline_exceeded, invalid_argument (the file of authorities cannot be read).
  static Result<std::unique_ptr<ClientConnection>> open(const ServerAddress& address, const std::string& name,
                                                        const std::string& certificate_authority_file,
                                                        Clock::time_point deadline);
  virtual ~ClientConnection() = default;

  virtual Status write(std::string_view bytes, Clock::time_point deadline) = 0;
  /// 0 when the server closed.
  virtual Result<std::size_t> read(char* buffer, std::size_t size_bytes, Clock::time_point deadline) = 0;
  /// The server closed it, or said something nobody asked for.
  [[nodiscard]] virtual bool is_stale() = 0;

 protected:
  ClientConnection() = default;
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;
};

}  // namespace muster::http
