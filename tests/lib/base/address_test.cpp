// SPDX-License-Identifier: Apache-2.0
#include "base/address.hpp"

#include <catch2/catch.hpp>

namespace muster::address {
namespace {

using Hosts = std::vector<Host>;

std::string problem_of(const Error& error) {
  return error.fields.empty() ? error.message : error.fields[0].field + ": " + error.fields[0].message;
}

/// What parameters() hands out, or its error.
std::string parsed(std::string_view text) {
  std::string out;
  const auto set = [&](std::string_view name, const std::string& value) -> Result<bool> {
    if (name == "unknown" || name == "password") return false;
    out += std::string(name) + "=" + value + ";";
    return true;
  };
  const Status status = parameters(text, "any://", set);
  return status ? out : problem_of(status.error());
}

}  // namespace

TEST_CASE("hosts with and without ports") {
  CHECK(*hosts("host", "a", 5) == Hosts{{"a", 5}});
  CHECK(*hosts("host", "a:1,[::1]:2,[fe80::1],b-c.example", 5) ==
        Hosts{{"a", 1}, {"::1", 2}, {"fe80::1", 5}, {"b-c.example", 5}});
  CHECK(Host{"::1", 2}.text() == "[::1]:2");
  for (const char* wrong : {"", "a,", ",a", "a:", "a:x", "a:65536", "a b", "[::1", "[::1]x"})
    CHECK_FALSE(hosts("host", wrong, 5));
  std::string many = "a";
  for (int i = 1; i < 16; ++i) many += ",a";
  CHECK(hosts("host", many, 5)->size() == 16);
  CHECK(problem_of(hosts("host", many + ",a", 5).error()) == "host: are too many");
}

TEST_CASE("percent encoding") {
  CHECK(*decode("user", "a%2Bb%2f") == "a+b/");
  for (const char* wrong : {"%", "%2", "%zz", "%0a", "a\nb"}) CHECK_FALSE(decode("user", wrong));
}

TEST_CASE("numbers are whole and within their bounds") {
  CHECK(*number("n", "1", 1, 10) == 1);
  CHECK(*number("n", "10", 1, 10) == 10);
  for (const char* wrong : {"", "0", "11", "1x", "+1", " 1", "99999999999999999999"})
    CHECK(problem_of(number("n", wrong, 1, 10).error()) == "n: must be a whole number from 1 to 10");
}

TEST_CASE("parameters are name=value, each once") {
  CHECK(parsed("") == "");
  CHECK(parsed("a=1&b=%41") == "a=1;b=A;");
  CHECK(parsed("a=1&a=2") == "a: must be given only once");
  CHECK(parsed("a=") == "a: must not be empty");
  CHECK(parsed("a") == "parameters: must be name=value, with & between them");
  CHECK(parsed("a=1&") == "parameters: must not end with &");
  CHECK(parsed("unknown=1") == "unknown: is not a parameter of a any:// address");
  CHECK(parsed("password=1") == "password: must not stand here; use password_file");
}

}  // namespace muster::address
