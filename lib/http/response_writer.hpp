// SPDX-License-Identifier: Apache-2.0
/// @file Writes a Response as bytes: status line, the fields the front owns (Content-Length, Connection,
/// Date, Server), the handler's, the body. Fields of the handler that would break the framing are left out.
/// Pure functions: thread-safe.
#pragma once

#include "http/message.hpp"

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace muster::http {

/// What the server's setting and the request's Accept-Encoding say about gzip.
enum class Compression : std::uint8_t { off, not_accepted, accepted };

/// Compresses the body where that is allowed and worth it, and says in Vary that it depends on the request.
void compress(Response& response, Compression compression);

struct ResponseFraming {
  bool is_head = false;  ///< The body is counted but not sent.
  bool http_1_0 = false;
  bool close = false;
};

/// Appends to `out`. `preamble` is what server_and_date gave.
void write_response(std::string& out, const Response& response, ResponseFraming framing,
                    std::string_view preamble);

/// "Server: muster\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
std::string server_and_date(std::time_t now);

}  // namespace muster::http
