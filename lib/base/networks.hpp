// SPDX-License-Identifier: Apache-2.0
/// @file IP addresses and sets of networks of them. Immutable: thread-safe.
#pragma once

#include "base/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// In network order; an IPv4 address in its IPv6-mapped form (RFC 4291, 2.5.5.2).
using IpAddress = std::array<std::uint8_t, 16>;

/// "192.0.2.1", "2001:db8::1", "fe80::1%eth0" (the zone is not kept); nothing when it is none.
std::optional<IpAddress> parse_ip_address(std::string_view text);
/// An IPv6-mapped one as IPv4.
std::string ip_address_text(const IpAddress& address);

class Networks {
 public:
  /// "10.0.0.0/8", "2001:db8::/32", "192.0.2.7". Error: invalid_argument, naming what is none.
  static Result<Networks> parse(const std::vector<std::string>& texts);

  [[nodiscard]] bool contain(const IpAddress& address) const;
  [[nodiscard]] bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    IpAddress address;
    unsigned prefix_bits;
  };
  std::vector<Network> networks_;
};

}  // namespace muster
