// SPDX-License-Identifier: Apache-2.0
#include "http/framing.hpp"

#include "lib/http/framing_cases.hpp"
#include "lib/http/support.hpp"

#include <random>

#include <catch2/catch.hpp>

using namespace muster::http;
using namespace muster::http::test;

namespace {

struct Parsed {
  std::vector<std::string> requests;
  std::optional<unsigned> refused;

  bool operator==(const Parsed&) const = default;
};

std::string show(const Request& request, const RequestTraits& traits) {
  std::string text(method_name(request.method));
  text += ' ' + request.target + ' ' + std::string(request.path) + '?' + std::string(request.query) + '\n';
  for (const auto& [name, value] : request.headers) text += name + '=' + value + '\n';
  text += traits.keep_alive ? "keep " : "close ";
  text += traits.http_1_0 ? "1.0\n" : "1.1\n";
  return text + request.body;
}

// Gives the bytes in pieces that end where `cuts` says, keeping the rest as a connection does.
Parsed parse(const std::string& bytes, const std::vector<std::size_t>& cuts, const Limits& limits = {}) {
  Framing framing(limits);
  Request request;
  Parsed parsed;
  std::string waiting;
  std::size_t begin = 0;
  for (auto cut : cuts) {
    waiting.append(bytes, begin, cut - begin);
    begin = cut;
    while (!waiting.empty()) {
      const auto step = framing.feed(waiting, request);
      waiting.erase(0, step.consumed);
      if (step.progress == Framing::Progress::need_more) break;
      if (step.progress == Framing::Progress::complete)
        parsed.requests.push_back(show(request, framing.traits()));
      if (step.progress == Framing::Progress::refused) {
        parsed.refused = framing.refusal().status;
        return parsed;
      }
    }
  }
  return parsed;
}

Parsed parse_whole(const std::string& bytes, const Limits& limits = {}) {
  return parse(bytes, {bytes.size()}, limits);
}

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i <= size; ++i) cuts.push_back(i);
  return cuts;
}

const std::string valid_requests =
    "GET /a?b=c HTTP/1.1\r\nHost: x:80\r\nAccept: */*\r\nX-Empty:\r\nX-Text:  a \t b \xc3\xa4 \r\n\r\n"
    "\r\nPOST /p HTTP/1.1\r\nhost: x\r\nContent-Length: 11\r\n\r\nhello\r\n\r\nyo"
    "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n00a;x=\"y\" ; "
    "z\r\n\r\n01234567\r\n"
    "0\r\nX-Trailer: dropped\r\n\r\n"
    "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"
    "GET http://other:81/abs?q HTTP/1.1\r\nHost: x\r\n\r\n"
    "HEAD HTTPS://other HTTP/1.1\r\nHost: x\r\n\r\n"
    "DELETE /d HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    "PATCH /e HTTP/1.1\r\nHost:\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    "PROPFIND /f HTTP/1.1\r\nHost: [::1]:80\r\n\r\n";

}  // namespace

TEST_CASE("A request with two Authorization fields is refused, whatever their case") {
  const std::string start = "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\n";
  CHECK(parse_whole(start + "\r\n").requests.size() == 1);
  CHECK(parse_whole(start + "authorization: Bearer b\r\n\r\n").refused == 400);
  CHECK(parse_whole(start + "Authorization: Bearer a\r\n\r\n").refused == 400);
}

TEST_CASE("well-formed requests are read to the letter") {
  const auto parsed = parse_whole(valid_requests);
  CHECK_FALSE(parsed.refused);
  REQUIRE(parsed.requests.size() == 9);
  CHECK(parsed.requests[0] ==
        "GET /a?b=c /a?b=c\nHost=x:80\nAccept=*/*\nX-Empty=\nX-Text=a \t b \xc3\xa4\nkeep 1.1\n");
  CHECK(parsed.requests[1] == "POST /p /p?\nhost=x\nContent-Length=11\nkeep 1.1\nhello\r\n\r\nyo");
  CHECK(parsed.requests[2] == "POST /c /c?\nHost=x\nTransfer-Encoding=Chunked\nkeep 1.1\nhello\r\n01234567");
  CHECK(parsed.requests[3] == "OPTIONS * *?\nHost=x\nkeep 1.1\n");
  CHECK(parsed.requests[4] == "GET /abs?q /abs?q\nHost=other:81\nkeep 1.1\n");
  CHECK(parsed.requests[5] == "HEAD / /?\nHost=other\nkeep 1.1\n");
  CHECK(parsed.requests[6] == "DELETE /d /d?\nConnection=keep-alive\nkeep 1.0\n");
  CHECK(parsed.requests[7] == "PATCH /e /e?\nHost=\nContent-Length=0\nConnection=close\nclose 1.1\n");
  CHECK(parsed.requests[8] == "OTHER /f /f?\nHost=[::1]:80\nkeep 1.1\n");
}

TEST_CASE("how bytes are split into pieces makes no difference") {
  const auto whole = parse_whole(valid_requests);
  CHECK(parse(valid_requests, every_byte(valid_requests.size())) == whole);
  std::mt19937 random(Catch::rngSeed());
  for (int round = 0; round < 300; ++round) {
    std::vector<std::size_t> cuts;
    std::uniform_int_distribution<std::size_t> length(1, 1U << (round % 8));
    for (std::size_t at = length(random); at < valid_requests.size(); at += length(random))
      cuts.push_back(at);
    cuts.push_back(valid_requests.size());
    REQUIRE(parse(valid_requests, cuts) == whole);
  }
}

TEST_CASE("what RFC 9112 lets a server refuse is refused, whole and byte by byte") {
  for (const auto& refused : refused_cases()) {
    INFO(refused.name);
    CHECK(parse_whole(refused.bytes) == Parsed{{}, refused.status});
    CHECK(parse(refused.bytes, every_byte(refused.bytes.size())) == Parsed{{}, refused.status});
  }
}

TEST_CASE("nothing is read after a refusal") {
  const auto parsed = parse_whole("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(parsed == Parsed{{}, 400});
}

TEST_CASE("limits are exact") {
  Limits limits;
  limits.body_size_max_bytes = 10;
  limits.header_count_max = 3;
  limits.target_size_max_bytes = 20;
  const auto with_body = [](const std::string& size, const std::string& body) {
    return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + size + "\r\n\r\n" + body;
  };
  const std::string chunked_head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(parse_whole(with_body("10", "0123456789"), limits).requests.size() == 1);
  CHECK(parse_whole(with_body("11", ""), limits).refused == 413);
  CHECK(parse_whole(chunked_head + "6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n", limits).requests.size() == 1);
  CHECK(parse_whole(chunked_head + "6\r\n012345\r\n5\r\n", limits).refused == 413);
  CHECK(parse_whole("GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\n\r\n", limits).requests.size() == 1);
  CHECK(parse_whole("GET / HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits).refused == 431);
  CHECK(
      parse_whole("GET /" + std::string(19, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", limits).requests.size() ==
      1);
  CHECK(parse_whole("GET /" + std::string(20, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", limits).refused == 414);
}

TEST_CASE("extensions and trailers of a chunked body are bounded in sum") {
  std::string bytes = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) bytes += "1;" + std::string(400, 'x') + "\r\na\r\n";
  CHECK(parse_whole(bytes).refused == 400);
  bytes = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 100; ++i) bytes += "X: " + std::string(400, 'x') + "\r\n";
  CHECK(parse_whole(bytes).refused == 400);
}

TEST_CASE("Accept-Encoding is read with its qualities") {
  const auto accepts = [](const std::string& value) {
    const Limits limits;
    Framing framing(limits);
    Request request;
    framing.feed("GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: " + value + "\r\n\r\n", request);
    return framing.traits().accepts_gzip;
  };
  for (const auto* yes : {"gzip", "GZip", "deflate, gzip;q=0.5", "br, *", "x-gzip", "*;q=0, gzip"})
    CHECK(accepts(yes));
  for (const auto* no : {"", "br", "gzip;q=0", "gzip; q=0.0", "*;q=0", "identity", "*, gzip;q=0", "gzipped"})
    CHECK_FALSE(accepts(no));
}
