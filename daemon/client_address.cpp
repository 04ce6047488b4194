// SPDX-License-Identifier: Apache-2.0
#include "daemon/client_address.hpp"

#include "http/characters.hpp"

namespace muster::daemon {
namespace {

constexpr std::string_view header_name = "X-Forwarded-For";

/// Several fields of the name are one list (RFC 9110, section 5.3). Each part has a comma before it.
std::string forwarded_for(const http::Headers& headers) {
  std::string out;
  for (const auto& [name, value] : headers)
    if (http::equal_without_case(name, header_name)) out += ',' + value;
  return out;
}

/// "192.0.2.1", and what proxies make of it: "192.0.2.1:4711", "[2001:db8::1]:4711".
std::optional<IpAddress> hop_address(std::string_view hop) {
  const auto first = hop.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  hop = hop.substr(first, hop.find_last_not_of(" \t") - first + 1);
  if (hop.front() == '[') return parse_ip_address(hop.substr(1, hop.find(']') - 1));
  if (hop.find(':') == hop.rfind(':')) hop = hop.substr(0, hop.find(':'));
  return parse_ip_address(hop);
}

}  // namespace

std::string client_address(const Networks& trusted_proxies, const http::Request& request) {
  if (trusted_proxies.empty()) return request.peer.address;
  auto known = parse_ip_address(request.peer.address);
  if (!known || !trusted_proxies.contain(*known)) return request.peer.address;
  const std::string hops = forwarded_for(request.headers);
  std::string_view left = hops;
  while (trusted_proxies.contain(*known) && !left.empty()) {
    const auto comma = left.rfind(',');
    const auto hop = hop_address(left.substr(comma + 1));
    if (!hop) break;
    known = hop;
    left = left.substr(0, comma);
  }
  return ip_address_text(*known);
}

}  // namespace muster::daemon
