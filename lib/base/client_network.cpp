// SPDX-License-Identifier: Apache-2.0
#include "base/client_network.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

namespace muster {

std::string client_network(std::string_view address) {
  constexpr std::size_t network_size_bytes = 8;
  constexpr std::string_view mapped_prefix{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};
  std::string text(address.substr(0, address.find('%')));
  std::array<char, sizeof(in6_addr)> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return text;
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (std::string_view(bytes.data(), mapped_prefix.size()) == mapped_prefix)
    return inet_ntop(AF_INET, bytes.data() + mapped_prefix.size(), out.data(), out.size());
  std::fill(bytes.begin() + network_size_bytes, bytes.end(), '\0');
  return inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
}

}  // namespace muster
