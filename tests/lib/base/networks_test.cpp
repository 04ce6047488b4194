// SPDX-License-Identifier: Apache-2.0
#include "base/networks.hpp"

#include <catch2/catch.hpp>

namespace muster {
namespace {

bool contain(const std::vector<std::string>& networks, std::string_view address) {
  const auto parsed = Networks::parse(networks);
  REQUIRE(parsed);
  const auto known = parse_ip_address(address);
  REQUIRE(known);
  return parsed->contain(*known);
}

TEST_CASE("an address is in a network when the network's bits are its own") {
  CHECK(contain({"10.0.0.0/8"}, "10.255.0.1"));
  CHECK_FALSE(contain({"10.0.0.0/8"}, "11.0.0.1"));
  CHECK(contain({"192.0.2.128/25"}, "192.0.2.129"));
  CHECK_FALSE(contain({"192.0.2.128/25"}, "192.0.2.127"));
  CHECK(contain({"192.0.2.7"}, "192.0.2.7"));
  CHECK_FALSE(contain({"192.0.2.7"}, "192.0.2.8"));
  CHECK(contain({"2001:db8::/33"}, "2001:db8:7fff::1"));
  CHECK_FALSE(contain({"2001:db8::/33"}, "2001:db8:8000::1"));
  CHECK(contain({"198.51.100.0/24", "::1"}, "::1"));
  CHECK(contain({"0.0.0.0/0"}, "203.0.113.9"));
  CHECK_FALSE(contain({"0.0.0.0/0"}, "2001:db8::1"));
  CHECK_FALSE(contain({}, "203.0.113.9"));
}

TEST_CASE("an IPv4 address written as IPv6 is the same address") {
  CHECK(contain({"10.0.0.0/8"}, "::ffff:10.1.2.3"));
  CHECK(contain({"::ffff:10.0.0.0/104"}, "10.1.2.3"));
  CHECK(ip_address_text(*parse_ip_address("::ffff:10.1.2.3")) == "10.1.2.3");
}

TEST_CASE("what is no network is named") {
  for (const std::string text : {"", "host", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.0/-1",
                                 "::/129", "fe80::1%eth0", "10.0.0", "/8"}) {
    const auto parsed = Networks::parse({"127.0.0.1", text});
    INFO(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == ErrorCode::invalid_argument);
    CHECK(parsed.error().message.starts_with(text + " is no address or network"));
  }
}

}  // namespace
}  // namespace muster
