// SPDX-License-Identifier: Apache-2.0
#include "base/networks.hpp"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace muster {
namespace {

constexpr IpAddress mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_bits = 96;
constexpr unsigned bits_max = 128;

bool is_mapped(const IpAddress& address) {
  return std::equal(address.begin(), address.begin() + mapped_bits / 8, mapped_prefix.begin());
}

}  // namespace

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  const std::string address(text.substr(0, text.find('%')));
  IpAddress out{};
  if (inet_pton(AF_INET6, address.c_str(), out.data()) == 1) return out;
  out = mapped_prefix;
  if (inet_pton(AF_INET, address.c_str(), out.data() + mapped_bits / 8) == 1) return out;
  return std::nullopt;
}

std::string ip_address_text(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const bool mapped = is_mapped(address);
  return inet_ntop(mapped ? AF_INET : AF_INET6, address.data() + (mapped ? mapped_bits / 8 : 0), out.data(),
                   out.size());
}

Result<Networks> Networks::parse(const std::vector<std::string>& texts) {
  Networks out;
  for (const std::string& text : texts) {
    const auto refused = [&] {
      return fail(ErrorCode::invalid_argument,
                  text + " is no address or network, such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32");
    };
    const auto slash = text.find('/');
    const auto address = parse_ip_address(text.substr(0, slash));
    if (!address || text.find('%') != std::string::npos) return refused();
    const unsigned offset = text.find(':') == std::string::npos ? mapped_bits : 0;
    unsigned prefix_bits = bits_max - offset;
    if (slash != std::string::npos) {
      const char* const end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, prefix_bits);
      if (error != std::errc{} || stop != end || prefix_bits > bits_max - offset) return refused();
    }
    out.networks_.push_back({*address, prefix_bits + offset});
  }
  return out;
}

bool Networks::contain(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    for (unsigned bit = 0; bit < network.prefix_bits; bit += 8) {
      const unsigned left = std::min(network.prefix_bits - bit, 8U);
      const auto mask = static_cast<std::uint8_t>(0xff00U >> left);
      if (((address[bit / 8] ^ network.address[bit / 8]) & mask) != 0) return false;
    }
    return true;
  });
}

}  // namespace muster
