// SPDX-License-Identifier: Apache-2.0
/// @file The address of a MySQL or MariaDB database as it stands in the configuration:
/// `mysql://user@host:port,host:port/database?password_file=/path&ssl_mode=required`. It never holds a
/// password. Immutable.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::mysql {

enum class SslMode : std::uint8_t {
  disabled,
  required,         ///< Encrypted; whoever answers.
  verify_ca,        ///< And the server's certificate is of a known authority.
  verify_identity,  ///< And it is for that host.
};

struct Dsn {
  std::string user;
  std::vector<Host> hosts;     ///< Of which one is written to at a time; none with a socket.
  std::vector<Host> replicas;  ///< That may be read from.
  std::string database;
  std::string socket;         ///< Path of a Unix socket, in place of host and port.
  std::string password_file;  ///< Of one line.
  SslMode ssl_mode = SslMode::disabled;
  std::string ssl_ca;  ///< PEM file; else the system's authorities.
  std::string ssl_cert;
  std::string ssl_key;
  std::chrono::seconds connect_timeout{5};
  std::chrono::seconds statement_timeout{10};
  std::size_t connections_max = 0;       ///< For reading; 0: as the store is told otherwise.
  std::size_t connections_idle_min = 2;  ///< That stay open while nothing is read.
  std::chrono::seconds connection_wait{2};
  std::chrono::seconds connection_lifetime{1800};
  std::chrono::seconds replica_lag_max{2};  ///< A replica that is further behind is not read from.

  bool operator==(const Dsn&) const = default;
  /// Without ssl_mode: verify_identity, and disabled on this machine. Error: invalid_argument, naming the
  /// part that is wrong.
  static Result<Dsn> parse(std::string_view text);
  static bool has_scheme(std::string_view text) { return text.starts_with("mysql://"); }
  /// "mysql://host:port,host:port/database", for messages to the operator.
  [[nodiscard]] std::string endpoint() const;
};

/// What is in the password file; `otherwise` without one. Error: unavailable (the file cannot be read),
/// conflict (it is not one line).
Result<Secret> load_password(const Dsn& dsn, Secret otherwise = Secret());

}  // namespace muster::mysql
