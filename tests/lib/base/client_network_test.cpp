// SPDX-License-Identifier: Apache-2.0
#include "base/client_network.hpp"

#include <catch2/catch.hpp>

using muster::client_network;

TEST_CASE("a client cannot choose the part of an address that is counted") {
  CHECK(client_network("192.0.2.1") == "192.0.2.1");
  CHECK(client_network("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(client_network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::");
  CHECK(client_network("fe80::1%eth0") == "fe80::");
  CHECK(client_network("unix").empty());
}
