// SPDX-License-Identifier: Apache-2.0
/// @file Asks a server which version it is.
#pragma once

#include "cmd/connection.hpp"

#include <string>

namespace muster::cmd {

/// Errors: internal (it does not say), those of the connection.
Result<std::string> server_version(Connection& connection);

}  // namespace muster::cmd
