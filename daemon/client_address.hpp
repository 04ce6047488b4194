// SPDX-License-Identifier: Apache-2.0
/// @file Whose request it is when proxies stand between. Thread-safe.
#pragma once

#include "base/networks.hpp"
#include "http/message.hpp"

#include <string>

namespace muster::daemon {

/// The peer's address; of a trusted proxy's request, the last address of X-Forwarded-For that is not such a
/// proxy itself: what stands before that, anybody may have written.
std::string client_address(const Networks& trusted_proxies, const http::Request& request);

}  // namespace muster::daemon
