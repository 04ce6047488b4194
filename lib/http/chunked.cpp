// SPDX-License-Identifier: Apache-2.0
#include "http/chunked.hpp"

#include "http/characters.hpp"

#include <algorithm>

namespace muster::http {

namespace {

constexpr std::size_t line_size_max_bytes = 512;
// Extensions and trailers carry nothing we use, so a client has no good reason to send much of them.
constexpr std::size_t overhead_max_bytes = 16 * 1024;
constexpr std::size_t size_digits_max = 15;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = detail::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

void ChunkedDecoder::start(std::size_t body_size_max_bytes) {
  chunk_left_bytes_ = 0;
  body_size_max_bytes_ = body_size_max_bytes;
  overhead_bytes_ = 0;
  phase_ = Phase::size;
  reason_ = {};
}

ChunkedDecoder::Step ChunkedDecoder::refuse(std::string_view reason) {
  reason_ = reason;
  return {State::malformed, 0};
}

bool ChunkedDecoder::read_size(std::string_view line) {
  std::size_t digits = 0;
  std::uint64_t size = 0;
  while (digits < line.size() && hex_value(line[digits]) >= 0) {
    size = size * 16 + static_cast<std::uint64_t>(hex_value(line[digits]));
    if (++digits > size_digits_max) {
      reason_ = "A chunk size has too many digits.";
      return false;
    }
  }
  if (digits == 0) {
    reason_ = "A chunk size is not a hexadecimal number.";
    return false;
  }
  const auto rest = line.substr(digits);
  if (!rest.empty() && (trim_whitespace(rest).substr(0, 1) != ";" || !is_field_value(rest))) {
    reason_ = "A chunk size is followed by something other than an extension.";
    return false;
  }
  overhead_bytes_ += rest.size();
  chunk_left_bytes_ = size;
  return true;
}

bool ChunkedDecoder::read_trailer(std::string_view line) {
  const auto colon = line.find(':');
  overhead_bytes_ += line.size();
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
      !is_field_value(line.substr(colon + 1))) {
    reason_ = "A trailer field is malformed.";
    return false;
  }
  return true;
}

ChunkedDecoder::Step ChunkedDecoder::feed(std::string_view data, std::string& body) {
  std::size_t consumed = 0;
  for (;;) {
    const auto rest = data.substr(consumed);
    if (phase_ == Phase::data) {
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_bytes_, rest.size()));
      body.append(rest.substr(0, take));
      consumed += take;
      chunk_left_bytes_ -= take;
      if (chunk_left_bytes_ > 0) return {State::more, consumed};
      phase_ = Phase::data_end;
      continue;
    }
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) {
      // One more, as it may be the CR of a line that is just short enough.
      if (rest.size() > line_size_max_bytes + 1) return refuse("A line of the chunked body is too long.");
      if (phase_ == Phase::data_end && !rest.empty() && rest != "\r")
        return refuse("A chunk is longer than its size says.");
      return {State::more, consumed};
    }
    if (end == 0 || rest[end - 1] != '\r') return refuse("A line of the chunked body does not end in CRLF.");
    const auto line = rest.substr(0, end - 1);
    if (line.size() > line_size_max_bytes) return refuse("A line of the chunked body is too long.");
    consumed += end + 1;
    if (phase_ == Phase::data_end) {
      if (!line.empty()) return refuse("A chunk is longer than its size says.");
      phase_ = Phase::size;
    } else if (phase_ == Phase::size) {
      if (!read_size(line)) return {State::malformed, 0};
      if (chunk_left_bytes_ > body_size_max_bytes_ - body.size()) return {State::too_large, 0};
      phase_ = chunk_left_bytes_ == 0 ? Phase::trailer : Phase::data;
    } else {
      if (line.empty()) return {State::done, consumed};
      if (!read_trailer(line)) return {State::malformed, 0};
    }
    if (overhead_bytes_ > overhead_max_bytes)
      return refuse("The chunked body has too many extensions or trailers.");
  }
}

}  // namespace muster::http
