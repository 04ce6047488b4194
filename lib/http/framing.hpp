// SPDX-License-Identifier: Apache-2.0
/// @file Turns the bytes of a connection into requests, free of sockets. Boost.Beast's incremental parser
/// reads the head; every line of it is checked on the raw bytes first, as Beast is lenient where RFC 9112
/// lets a server be (bare LF, obs-fold, repeated Host), and leniency is what request smuggling lives on.
/// Not thread-safe.
#pragma once

#include "base/error.hpp"
#include "http/chunked.hpp"
#include "http/message.hpp"
#include "http/server.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace muster::http {

/// What the front answers by itself, and with which status; the connection ends after it.
struct Refusal {
  unsigned status = 400;
  Error error;
};

/// What a request's head says about how to answer it.
struct RequestTraits {
  bool is_head = false;
  bool http_1_0 = false;
  bool keep_alive = true;
  bool accepts_gzip = false;
  bool expects_continue = false;
};

class Framing {
 public:
  enum class Progress : std::uint8_t {
    need_more,  ///< Give the unconsumed rest again, with more after it.
    head,       ///< The head is complete, a body follows.
    complete,   ///< The request is complete.
    refused,    ///< See refusal(); nothing more can be read.
  };
  struct Step {
    Progress progress;
    std::size_t consumed;
  };

  explicit Framing(const Limits& limits);  ///< Which must outlive it.
  explicit Framing(Limits&&) = delete;
  Framing(const Framing&) = delete;
  Framing& operator=(const Framing&) = delete;
  ~Framing();

  /// Reads from `data` into `request`, which must be the same object until the request is complete. After
  /// `complete` the next call begins a new request.
  Step feed(std::string_view data, Request& request);

  [[nodiscard]] const RequestTraits& traits() const { return traits_; }
  [[nodiscard]] const Refusal& refusal() const { return *refusal_; }
  /// The head of a request is complete and its body is not.
  [[nodiscard]] bool in_body() const { return phase_ == Phase::sized_body || phase_ == Phase::chunked_body; }

 private:
  class HeadParser;
  enum class Phase : std::uint8_t { head, sized_body, chunked_body, refused };

  Step feed_head(std::string_view data, Request& request);
  Step feed_sized_body(std::string_view data, Request& request);
  Step feed_chunked_body(std::string_view data, Request& request);
  Step refuse(unsigned status, ErrorCode code, std::string_view message);
  bool check_line(std::string_view line);
  Step check_partial_head(std::string_view data);
  Step parse_head(std::string_view head, Request& request);
  void begin_head();

  const Limits& limits_;
  Phase phase_ = Phase::head;
  bool first_line_done_ = false;
  std::size_t line_start_ = 0;
  std::size_t header_count_ = 0;
  std::uint64_t body_left_bytes_ = 0;
  ChunkedDecoder chunked_;
  RequestTraits traits_;
  std::unique_ptr<Refusal> refusal_;
};

}  // namespace muster::http
