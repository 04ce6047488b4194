// SPDX-License-Identifier: Apache-2.0
#include "http/message.hpp"

#include "http/response_writer.hpp"

#include <catch2/catch.hpp>

using namespace muster::http;

TEST_CASE("header names compare without case and set replaces every field of a name") {
  Headers headers;
  headers.add("X-One", "1");
  headers.add("x-one", "2");
  CHECK(headers.find("X-ONE") == "1");
  headers.set("X-one", "3");
  CHECK(headers.size() == 1);
  CHECK(headers.find("x-One") == "3");
  CHECK_FALSE(headers.find("X-On"));
}

TEST_CASE("a moved request keeps its views into its own target") {
  for (const std::string target :
       {"/a?b=c", "/a", "/a?", "/a-path-that-does-not-fit-into-the-string-itself?q=1"}) {
    Request first;
    first.set_target(target);
    const std::string path(first.path);
    const std::string query(first.query);
    const Request second = std::move(first);
    CHECK(second.target == target);
    CHECK(second.path == path);
    CHECK(second.query == query);
    CHECK(second.path.data() == second.target.data());
  }
}

TEST_CASE("percent-decoding refuses bad escapes and NUL") {
  CHECK(percent_decode("a%20b+c", false) == "a b+c");
  CHECK(percent_decode("a%20b+c", true) == "a b c");
  CHECK(percent_decode("%c3%A4", false) == "ä");
  for (const auto* bad : {"%", "%2", "%g0", "%0g", "%00", "a%"}) CHECK_FALSE(percent_decode(bad, false));
}

TEST_CASE("percent-encoding is undone by decoding") {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  CHECK(percent_decode(percent_encode(all), true) == all);
  CHECK(percent_encode("a-b_c.d~e/f g") == "a-b_c.d~e%2Ff%20g");
}

TEST_CASE("a query becomes its pairs in order") {
  const auto pairs = parse_query("a=1&b=x%26y&&c&a=2+3");
  REQUIRE(pairs);
  REQUIRE(pairs->size() == 4);
  CHECK((*pairs)[1] == std::pair<std::string, std::string>("b", "x&y"));
  CHECK((*pairs)[2] == std::pair<std::string, std::string>("c", ""));
  CHECK((*pairs)[3] == std::pair<std::string, std::string>("a", "2 3"));
  CHECK_FALSE(parse_query("a=%zz"));
  CHECK(parse_query("")->empty());
}

TEST_CASE("the date of a response is written as HTTP wants it") {
  CHECK(server_and_date(784111777) == "Server: muster\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
}

TEST_CASE("fields that would break the framing of a response are left out") {
  Response response;
  response.body = "abc";
  response.headers.add("Content-Length", "99");
  response.headers.add("Transfer-Encoding", "chunked");
  response.headers.add("Connection", "upgrade");
  response.headers.add("X-Split", "a\r\nSet-Cookie: b");
  response.headers.add("X Name", "a");
  response.headers.add("X-Good", "a");
  std::string out;
  write_response(out, response, {}, "");
  CHECK(out ==
        "HTTP/1.1 200 OK\r\nX-Good: a\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\nabc");
}

TEST_CASE("a response says what its status and the version allow") {
  Response response;
  response.body = "abc";
  response.content_type = {};
  const auto written = [&response](unsigned status, ResponseFraming framing) {
    response.status = status;
    std::string out;
    write_response(out, response, framing, "");
    return out;
  };
  CHECK(written(204, {}) == "HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(written(304, {}) == "HTTP/1.1 304 Not Modified\r\n\r\n");
  CHECK(written(404, {.is_head = true}) == "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n");
  CHECK(written(200, {.http_1_0 = true}) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc");
  CHECK(written(200, {.http_1_0 = true, .close = true}) ==
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
}
