// SPDX-License-Identifier: Apache-2.0
#include "base/client_network.hpp"

#include "base/networks.hpp"

#include <algorithm>

namespace muster {

std::string client_network(std::string_view address) {
  constexpr std::size_t network_size_bytes = 8;
  auto parsed = parse_ip_address(address);
  if (!parsed) return {};
  std::string text = ip_address_text(*parsed);
  if (text.find(':') == std::string::npos) return text;
  std::fill(parsed->begin() + network_size_bytes, parsed->end(), std::uint8_t{0});
  return ip_address_text(*parsed);
}

}  // namespace muster
