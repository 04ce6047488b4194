// SPDX-License-Identifier: Apache-2.0
/// @file Which musterd is meant. In this order: --server, --context, MUSTER_SERVER, the current context, and
/// then the first local socket there is of MUSTER_DATA_DIR/musterd.sock, /run/muster/musterd.sock,
/// /var/lib/muster/musterd.sock and ./muster-data/musterd.sock.
#pragma once

#include "base/result.hpp"

#include <string>

namespace muster::cmd {

struct Globals;

struct Server {
  std::string address;  ///< "unix:/absolute/path", "https://host:port", "http://host:port".
  std::string certificate_authority_file;
  std::string chosen_by;  ///< "--server", "MUSTER_SERVER", "context prod", "the local socket".

  [[nodiscard]] bool is_local_socket() const { return address.starts_with("unix:"); }
};

/// Errors: invalid_argument (not an address, no such context), unavailable (nothing was said and there is no
/// local socket: the message names what was tried).
Result<Server> resolve_server(const Globals& globals);

/// Error: invalid_argument.
Status check_address(const std::string& address);

/// Whether what is sent there crosses a network where others can read it: http:// to another machine.
bool is_readable_on_the_way(const std::string& address);

}  // namespace muster::cmd
