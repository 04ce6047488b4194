// SPDX-License-Identifier: Apache-2.0
/// @file Takes the chunked coding off a body, as strictly as RFC 9112 section 7.1 is written: CRLF line
/// ends only, bounded sizes, extensions and trailers (both are checked and dropped). It is ours because
/// Boost.Beast does not refuse a bare LF inside a chunk line, and one reader of a body is safer than two.
/// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster::http {

class ChunkedDecoder {
 public:
  enum class State : std::uint8_t { more, done, malformed, too_large };
  struct Step {
    State state;
    std::size_t consumed;
  };

  void start(std::size_t body_size_max_bytes);
  /// Reads what it can, appending to `body`. What is not consumed must be given again with more after it.
  Step feed(std::string_view data, std::string& body);
  [[nodiscard]] std::string_view reason() const { return reason_; }  ///< Of `malformed`; a literal.

 private:
  enum class Phase : std::uint8_t { size, data, data_end, trailer };

  Step refuse(std::string_view reason);
  bool read_size(std::string_view line);
  bool read_trailer(std::string_view line);

  std::uint64_t chunk_left_bytes_ = 0;
  std::size_t body_size_max_bytes_ = 0;
  std::size_t overhead_bytes_ = 0;
  Phase phase_ = Phase::size;
  std::string_view reason_;
};

}  // namespace muster::http
