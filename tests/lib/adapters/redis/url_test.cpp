// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/url.hpp"

#include <catch2/catch.hpp>

namespace muster::redis {
namespace {

using namespace std::chrono_literals;

Url good(const std::string& text) {
  const auto url = Url::parse(text);
  INFO(text << (url ? "" : ": " + url.error().message));
  REQUIRE(url);
  return *url;
}

/// The part that is wrong.
std::string wrong_part(const std::string& text) {
  const auto url = Url::parse(text);
  INFO(text);
  REQUIRE_FALSE(url);
  CHECK(url.error().code == ErrorCode::invalid_argument);
  REQUIRE(url.error().fields.size() == 1);
  return url.error().fields[0].field;
}

}  // namespace

TEST_CASE("an address of one server") {
  const Url plain = good("redis://localhost");
  CHECK(plain.layout == Layout::single);
  CHECK(plain.hosts == std::vector<Host>{{"localhost", 6379}});
  CHECK(plain.text() == "redis://localhost:6379/0");
  const Url full = good(
      "redis://mus%2Dter@[::1]:7000/3?password_file=/run/secret&connect_timeout=1s&command_timeout=50ms"
      "&connection_wait=20ms&connections_max=4");
  CHECK(full.user == "mus-ter");
  CHECK(full.hosts == std::vector<Host>{{"::1", 7000}});
  CHECK(full.database == 3);
  CHECK(full.password_file == "/run/secret");
  CHECK(full.connect_timeout == 1s);
  CHECK(full.command_timeout == 50ms);
  CHECK(full.connection_wait == 20ms);
  CHECK(full.connections_max == 4);
  CHECK(full.text() == "redis://[::1]:7000/3");
}

TEST_CASE("an address of sentinels and of a cluster") {
  const Url sentinel = good("redis+sentinel://a,b:27000/main/2?sentinel_password_file=/run/secret");
  CHECK(sentinel.layout == Layout::sentinel);
  CHECK(sentinel.hosts == std::vector<Host>{{"a", 26379}, {"b", 27000}});
  CHECK(sentinel.primary == "main");
  CHECK(sentinel.database == 2);
  CHECK(sentinel.text() == "redis+sentinel://a:26379,b:27000/main/2");
  const Url cluster = good("redis+cluster://a,b:7000");
  CHECK(cluster.layout == Layout::cluster);
  CHECK(cluster.text() == "redis+cluster://a:6379,b:7000");
}

TEST_CASE("what is wrong with an address is named") {
  CHECK(wrong_part("http://localhost") == "address");
  CHECK(wrong_part("rediss://localhost") == "address");
  CHECK(wrong_part("redis://") == "host");
  CHECK(wrong_part("redis://a,b") == "host");
  CHECK(wrong_part("redis://a:0") == "port");
  CHECK(wrong_part("redis://user:word@a") == "user");
  CHECK(wrong_part("redis://@a") == "user");
  CHECK(wrong_part("redis://a/x") == "database");
  CHECK(wrong_part("redis+cluster://a/1") == "database");
  CHECK(wrong_part("redis+sentinel://a") == "primary");
  CHECK(wrong_part("redis+sentinel://a/ma in") == "primary");
  CHECK(wrong_part("redis://a?password=x") == "password");
  CHECK(wrong_part("redis://a?sentinel_password_file=/x") == "sentinel_password_file");
  CHECK(wrong_part("redis://a?password_file=x") == "password_file");
  CHECK(wrong_part("redis://a?command_timeout=0ms") == "command_timeout");
  CHECK(wrong_part("redis://a?connections_max=0") == "connections_max");
  CHECK(wrong_part("redis://a?colour=red") == "colour");
  CHECK(wrong_part("redis://a?connections_max=1&connections_max=2") == "connections_max");
}

}  // namespace muster::redis
