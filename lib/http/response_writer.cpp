// SPDX-License-Identifier: Apache-2.0
#include "http/response_writer.hpp"

#include "http/characters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include <zlib.h>

namespace muster::http {

namespace {

constexpr std::size_t compressible_min_bytes = 1024;
// Level 4 costs about a third of the default level and gives nearly its size on JSON.
constexpr int compression_level = 4;
constexpr int gzip_window_bits = 15 + 16;

bool is_compressible(std::string_view content_type) {
  return content_type.substr(0, 5) == "text/" || content_type.find("json") != std::string_view::npos ||
         content_type.find("xml") != std::string_view::npos ||
         content_type.find("javascript") != std::string_view::npos ||
         content_type.find("yaml") != std::string_view::npos;
}

std::optional<std::string> gzip(std::string_view body) {
  z_stream stream{};
  if (deflateInit2(&stream, compression_level, Z_DEFLATED, gzip_window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return std::nullopt;
  std::string out(deflateBound(&stream, body.size()), '\0');
  // zlib's interface is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return std::nullopt;
  return out;
}

std::string_view content_type_of(const Response& response) {
  const auto given = response.headers.find("Content-Type");
  return given ? *given : response.content_type;
}

// The front says these itself; a second opinion would make the message ambiguous.
bool is_owned_by_front(std::string_view name) {
  switch (name.size()) {
    case 4:
      return equal_without_case(name, "Date");
    case 6:
      return equal_without_case(name, "Server");
    case 7:
      return equal_without_case(name, "Trailer");
    case 10:
      return equal_without_case(name, "Connection") || equal_without_case(name, "Keep-Alive");
    case 14:
      return equal_without_case(name, "Content-Length");
    case 17:
      return equal_without_case(name, "Transfer-Encoding");
    default:
      return false;
  }
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), result.ptr);
}

void append_status_line(std::string& out, unsigned status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += "HTTP/1.1 ";
  append_number(out, status);
  out += ' ';
  out += reason_phrase(status);
  out += "\r\n";
}

}  // namespace

void compress(Response& response, Compression compression) {
  if (compression == Compression::off || response.body.size() <= compressible_min_bytes) return;
  if (!is_compressible(content_type_of(response)) || response.headers.find("Content-Encoding")) return;
  const auto vary = response.headers.find("Vary");
  response.headers.set("Vary", vary ? std::string(*vary) + ", Accept-Encoding" : "Accept-Encoding");
  if (compression != Compression::accepted || response.status == 204 || response.status == 304) return;
  auto packed = gzip(response.body);
  if (!packed || packed->size() >= response.body.size()) return;
  response.body = std::move(*packed);
  response.headers.add("Content-Encoding", "gzip");
}

void write_response(std::string& out, const Response& response, ResponseFraming framing,
                    std::string_view preamble) {
  const bool bodiless = response.status == 204 || response.status == 304;
  append_status_line(out, response.status);
  out += preamble;
  bool typed = response.content_type.empty() || bodiless;
  for (const auto& [name, value] : response.headers) {
    if (is_owned_by_front(name) || !is_token(name) || !is_field_value(value)) continue;
    if (name.size() == 12 && equal_without_case(name, "Content-Type")) typed = true;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (!typed) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\n";
  }
  if (!bodiless) {
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  if (framing.close)
    out += "Connection: close\r\n";
  else if (framing.http_1_0)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
  if (!bodiless && !framing.is_head) out += response.body;
}

std::string server_and_date(std::time_t now) {
  static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text;
  const auto size = std::snprintf(text.data(), text.size(),
                                  "Server: muster\r\nDate: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                                  days.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                                  months.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                                  utc.tm_hour, utc.tm_min, utc.tm_sec);
  return {text.data(), std::min(static_cast<std::size_t>(size), text.size() - 1)};
}

}  // namespace muster::http
