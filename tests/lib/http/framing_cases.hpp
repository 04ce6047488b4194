// SPDX-License-Identifier: Apache-2.0
/// @file Requests that must be refused, as raw bytes with the status they are refused with. Used on the
/// framing itself and over real sockets.
#pragma once

#include <string>
#include <vector>

namespace muster::http::test {

struct RefusedCase {
  std::string name;
  std::string bytes;
  unsigned status;
};

inline std::vector<RefusedCase> refused_cases() {
  using namespace std::string_literals;
  const auto get = [](const std::string& rest) { return "GET / HTTP/1.1\r\nHost: x\r\n" + rest; };
  const auto chunked = [](const std::string& rest) {
    return "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + rest;
  };
  return {
      {"both lengths", get("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
      {"both lengths, other order", get("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
       400},
      {"two different Content-Length", get("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), 400},
      {"two equal Content-Length", get("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400},
      {"a list of Content-Length", get("Content-Length: 3, 3\r\n\r\nabc"), 400},
      {"signed Content-Length", get("Content-Length: +3\r\n\r\nabc"), 400},
      {"negative Content-Length", get("Content-Length: -3\r\n\r\nabc"), 400},
      {"hexadecimal Content-Length", get("Content-Length: 0x3\r\n\r\nabc"), 400},
      {"empty Content-Length", get("Content-Length: \r\n\r\n"), 400},
      {"overflowing Content-Length", get("Content-Length: 18446744073709551619\r\n\r\nabc"), 400},
      {"obs-fold", get("X-A: b\r\n c\r\n\r\n"), 400},
      {"obs-fold with a tab", get("X-A: b\r\n\tc\r\n\r\n"), 400},
      {"a space before the first field", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: x\r\n\r\n", 400},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: x\n\r\n", 400},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400},
      {"bare LF before the request line", "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"bare CR in a field", get("X-A: b\rc\r\n\r\n"), 400},
      {"too many empty lines", "\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"space before the colon", get("X-A : b\r\n\r\n"), 400},
      {"tab before the colon", get("Content-Length\t: 3\r\n\r\nabc"), 400},
      {"field without a name", get(": b\r\n\r\n"), 400},
      {"field without a colon", get("X-A\r\n\r\n"), 400},
      {"NUL in a name", get("X-\0A: b\r\n\r\n"s), 400},
      {"NUL in a value", get("X-A: b\0c\r\n\r\n"s), 400},
      {"DEL in a value", get("X-A: b\x7f\r\n\r\n"), 400},
      {"control character in a value", get("X-A: b\x01\r\n\r\n"), 400},
      {"parenthesis in a name", get("X(A): b\r\n\r\n"), 400},
      {"two Host", get("Host: x\r\n\r\n"), 400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"Host with a path", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400},
      {"Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"Host with a space", "GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400},
      {"transfer coding gzip", get("Transfer-Encoding: gzip\r\n\r\n"), 501},
      {"transfer coding gzip, chunked", get("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501},
      {"transfer coding identity", get("Transfer-Encoding: identity\r\n\r\n"), 501},
      {"chunked twice", get("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), 501},
      {"two Transfer-Encoding",
       get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
      {"obfuscated chunked",
       get("Transfer-Encoding: \x0b"
           "chunked\r\n\r\n0\r\n\r\n"),
       400},
      {"quoted chunked", get("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), 501},
      {"Transfer-Encoding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
      {"HTTP/0.9 with a version", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"lower-case version", "GET / http/1.1\r\nHost: x\r\n\r\n", 400},
      {"three-part version", "GET / HTTP/1.1.1\r\nHost: x\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"tab in the request line", "GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"fragment in the target", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"non-ASCII target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"relative target", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"star target for GET", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"absolute target without a host", "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"absolute target with a user", "GET http://a@b/c HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"absolute target of another scheme", "GET ftp://x/a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"method with a bad character", "GE(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"empty method", " / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400},
      {"unknown expectation", get("Expect: 200-maybe\r\n\r\n"), 417},
      {"chunk size not a number", chunked("x\r\n"), 400},
      {"empty chunk size", chunked("\r\n"), 400},
      {"chunk size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400},
      {"signed chunk size", chunked("+3\r\nabc\r\n0\r\n\r\n"), 400},
      {"negative chunk size", chunked("-3\r\nabc\r\n0\r\n\r\n"), 400},
      {"overflowing chunk size", chunked("10000000000000003\r\nabc\r\n0\r\n\r\n"), 400},
      {"chunk size of many zeros", chunked("00000000000000000000000000000000000003\r\nabc\r\n0\r\n\r\n"),
       400},
      {"space after the chunk size", chunked("3 \r\nabc\r\n0\r\n\r\n"), 400},
      {"space before the chunk size", chunked(" 3\r\nabc\r\n0\r\n\r\n"), 400},
      {"bare LF after the chunk size", chunked("3\nabc\r\n0\r\n\r\n"), 400},
      {"bare LF in a chunk extension", chunked("3;a\nabc\r\n0\r\n\r\n"), 400},
      {"bare CR in a chunk extension", chunked("3;a\rb\r\nabc\r\n0\r\n\r\n"), 400},
      {"NUL in a chunk extension", chunked("3;a\0b\r\nabc\r\n0\r\n\r\n"s), 400},
      {"long chunk extension", chunked("3;" + std::string(600, 'a') + "\r\nabc\r\n0\r\n\r\n"), 400},
      {"chunk longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n"), 400},
      {"bare LF after a chunk", chunked("3\r\nabc\n0\r\n\r\n"), 400},
      {"bare LF after the last chunk", chunked("0\n\r\n"), 400},
      {"bare LF at the end of the trailers", chunked("0\r\n\n"), 400},
      {"malformed trailer", chunked("0\r\nX A: b\r\n\r\n"), 400},
      {"folded trailer", chunked("0\r\nX-A: b\r\n c\r\n\r\n"), 400},
      {"long target", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
      {"long target without an end", "GET /" + std::string(9000, 'a'), 414},
      {"large header", get("X-A: " + std::string(40'000, 'a') + "\r\n\r\n"), 431},
      {"large header without an end", get("X-A: " + std::string(40'000, 'a')), 431},
      {"large body announced", get("Content-Length: 1048577\r\n\r\n"), 413},
      {"large chunk announced", chunked("100001\r\n"), 413},
  };
}

}  // namespace muster::http::test
