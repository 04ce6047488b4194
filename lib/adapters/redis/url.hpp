// SPDX-License-Identifier: Apache-2.0
/// @file The address of Redis as it stands in the configuration:
///     redis://user@host:port/database?password_file=/path
///     redis+sentinel://user@host:port,host:port/primary/database
///     redis+cluster://user@host:port,host:port
/// It never holds a password. Immutable.
#pragma once

#include "base/address.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::redis {

enum class Layout : std::uint8_t { single, sentinel, cluster };

struct Url {
  Layout layout = Layout::single;
  std::vector<Host> hosts;  ///< Of the server, of the sentinels, or of some nodes of the cluster.
  std::string primary;      ///< What the sentinels call it.
  std::string user;         ///< Of an ACL; empty: the default one.
  int database = 0;
  std::string password_file;           ///< Of one line.
  std::string sentinel_password_file;  ///< The same, for the sentinels themselves.
  std::chrono::milliseconds connect_timeout{500};
  std::chrono::milliseconds command_timeout{250};  ///< Until the last reply is there.
  std::size_t connections_max = 16;                ///< To each server.
  std::chrono::milliseconds connection_wait{50};   ///< For one of them to come free.

  /// Error: invalid_argument, naming the part that is wrong.
  static Result<Url> parse(std::string_view text);
  /// "redis://host:port/0", for messages to the operator.
  [[nodiscard]] std::string text() const;
};

}  // namespace muster::redis
