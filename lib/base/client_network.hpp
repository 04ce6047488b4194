// SPDX-License-Identifier: Apache-2.0
/// @file What of a client's address it cannot change at will, and so what its attempts and connections are
/// counted by. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace muster {

/// An IPv4 address, or the first 64 bits of an IPv6 address; empty when the text is neither.
std::string client_network(std::string_view address);

}  // namespace muster
