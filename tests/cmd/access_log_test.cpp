// SPDX-License-Identifier: Apache-2.0
#include "cmd/access_log.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace muster::cmd {
namespace {

std::string line(const std::string& request, const std::string& status = "200") {
  return "192.0.2.7 - - [10/Oct/2026:13:55:36 +0000] \"" + request + "\" " + status +
         " 512 \"https://example.org/\" \"curl/7.88\"";
}

TEST_CASE("a line of an access log says whom it is about", "[access_log]") {
  CHECK(user_of_line(line("GET /v1/users/42 HTTP/1.1")) == UserId{42});
  CHECK(user_of_line(line("GET /v1/users/42?pretty=1 HTTP/2.0", "304")) == UserId{42});
  CHECK(user_of_line(line("HEAD /muster/v1/users/42 HTTP/1.1")) == UserId{42});
  // The common format.
  CHECK(
      user_of_line("192.0.2.7 - frank [10/Oct/2026:13:55:36 -0700] \"GET /v1/users/7 HTTP/1.0\" 200 2326") ==
      UserId{7});
}

TEST_CASE("other lines of an access log are about nobody", "[access_log]") {
  for (const char* request : {"GET /v1/users/me HTTP/1.1", "GET /v1/users HTTP/1.1",
                              "GET /v1/users/42/roles HTTP/1.1", "-", "", "DELETE /v1/users/42 HTTP/1.1",
                              "GET /v1/users/042 HTTP/1.1", "GET /v1/users/99999999999999999999 HTTP/1.1"})
    CHECK(!user_of_line(line(request)));
  CHECK(!user_of_line(line("GET /v1/users/42 HTTP/1.1", "404")));
  CHECK(!user_of_line(line("GET /v1/users/42 HTTP/1.1", "")));
  CHECK(!user_of_line("GET /v1/users/42 HTTP/1.1"));
  const std::string whole = line("GET /v1/users/42 HTTP/1.1");
  for (std::size_t size = 0; size < whole.find("200 512"); ++size)
    CHECK(!user_of_line(whole.substr(0, size)));
}

TEST_CASE("an access log's hottest users stay in bounded memory", "[access_log]") {
  AccessLog log(100);
  for (int id = 1; id <= 1000; ++id) {
    log.add(line("GET /v1/users/" + std::to_string(id) + " HTTP/1.1"));
    for (int hot = 1; hot <= 3; ++hot)
      for (int i = 0; i < hot; ++i)
        log.add(line("GET /v1/users/" + std::to_string(10'000 + hot) + " HTTP/1.1"));
  }
  log.add("nothing");
  CHECK(log.lines() == 7001);
  CHECK(log.accesses() == 7000);
  CHECK(log.hottest(3) == std::vector<UserId>{{10'003}, {10'002}, {10'001}});
  CHECK(log.hottest(1000).size() <= 100);
}

}  // namespace
}  // namespace muster::cmd
