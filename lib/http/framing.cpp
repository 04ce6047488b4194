// SPDX-License-Identifier: Apache-2.0
#include "http/framing.hpp"

#include "http/characters.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace muster::http {

namespace beast = boost::beast;

namespace {

constexpr std::size_t empty_lines_max = 4;
// Room for the longest method, two spaces and the version.
constexpr std::size_t rest_of_line_bytes = 32;

Method to_method(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get:
      return Method::get;
    case beast::http::verb::head:
      return Method::head;
    case beast::http::verb::post:
      return Method::post;
    case beast::http::verb::put:
      return Method::put;
    case beast::http::verb::patch:
      return Method::patch;
    case beast::http::verb::delete_:
      return Method::del;
    case beast::http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

bool is_zero_quality(std::string_view parameters) {
  const auto q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  const auto value = trim_whitespace(parameters.substr(q + 2));
  return value.find_first_not_of("0.") == std::string_view::npos;
}

// An explicit "gzip" wins over "*", whichever comes first.
bool allows_gzip(std::string_view list) {
  bool any = false;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    const auto semicolon = item.find(';');
    const auto name = trim_whitespace(item.substr(0, semicolon));
    const bool wanted = semicolon == std::string_view::npos || !is_zero_quality(item.substr(semicolon + 1));
    if (equal_without_case(name, "gzip") || equal_without_case(name, "x-gzip")) return wanted;
    if (name == "*") any = wanted;
  }
  return any;
}

// An absolute-form target is taken apart into what an origin-form request would have said; nothing for what
// is neither of the two.
struct SplitTarget {
  std::string origin;
  std::string_view authority;
};

std::optional<SplitTarget> split_absolute(std::string_view target) {
  std::string_view rest;
  if (equal_without_case(target.substr(0, 7), "http://")) rest = target.substr(7);
  if (equal_without_case(target.substr(0, 8), "https://")) rest = target.substr(8);
  const auto end = rest.find_first_of("/?");
  const auto authority = rest.substr(0, end);
  if (authority.empty() || !is_host(authority)) return std::nullopt;
  auto origin = end == std::string_view::npos ? std::string("/") : std::string(rest.substr(end));
  if (origin.front() == '?') origin.insert(0, 1, '/');
  return SplitTarget{std::move(origin), authority};
}

}  // namespace

// Beast's own container of fields is left out: what it finds goes straight into the Request.
class Framing::HeadParser final : public beast::http::basic_parser<true> {
 public:
  HeadParser(Framing& framing, Request& request) : framing_(framing), request_(request) {
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
  }

  [[nodiscard]] bool refused() const { return framing_.refusal_ != nullptr; }
  [[nodiscard]] bool is_transfer_coded() const { return transfer_encoding_; }

  void finish() {
    if (version_ == 11 && !host_) {
      framing_.refuse(400, ErrorCode::invalid_argument, "A request of HTTP/1.1 needs a Host field.");
      return;
    }
    if (transfer_encoding_ && (content_length_ || version_ == 10)) {
      framing_.refuse(400, ErrorCode::invalid_argument,
                      content_length_ ? "Content-Length and Transfer-Encoding must not both be given."
                                      : "HTTP/1.0 has no Transfer-Encoding.");
      return;
    }
    if (!authority_.empty()) request_.headers.set("Host", std::move(authority_));
    auto& traits = framing_.traits_;
    traits.http_1_0 = version_ == 10;
    traits.keep_alive = keep_alive();
    traits.is_head = request_.method == Method::head;
    traits.expects_continue = traits.expects_continue && version_ == 11;
  }

 protected:
  using error_code = beast::error_code;
  using string_view = beast::string_view;

  void on_request_impl(beast::http::verb method, string_view, string_view target, int version,
                       error_code& error) override {
    version_ = version;
    request_.method = to_method(method);
    if (method == beast::http::verb::connect) return stop(error, 400, "CONNECT is not served here.");
    if (target.front() == '/' || (target == "*" && method == beast::http::verb::options)) {
      request_.set_target(std::string(target));
      return;
    }
    auto split = split_absolute(std::string_view(target.data(), target.size()));
    if (!split) return stop(error, 400, "The request target is neither a path nor an absolute URL.");
    authority_ = std::string(split->authority);
    request_.set_target(std::move(split->origin));
  }

  void on_field_impl(beast::http::field name, string_view name_text, string_view value_text,
                     error_code& error) override {
    const std::string_view value(value_text.data(), value_text.size());
    switch (name) {
      case beast::http::field::host:
        if (std::exchange(host_, true)) return stop(error, 400, "There is more than one Host field.");
        if (!is_host(value)) return stop(error, 400, "The Host field is malformed.");
        break;
      case beast::http::field::content_length:
        if (std::exchange(content_length_, true))
          return stop(error, 400, "There is more than one Content-Length field.");
        // Beast takes a list of equal numbers.
        if (value.find_first_not_of("0123456789") != std::string_view::npos)
          return stop(error, 400, "The Content-Length field is malformed.");
        break;
      case beast::http::field::transfer_encoding:
        if (std::exchange(transfer_encoding_, true))
          return stop(error, 400, "There is more than one Transfer-Encoding field.");
        if (!equal_without_case(value, "chunked"))
          return stop(error, 501, "The only transfer coding known here is chunked.");
        break;
      case beast::http::field::expect:
        if (!equal_without_case(value, "100-continue"))
          return stop(error, 417, "The only expectation known here is 100-continue.");
        framing_.traits_.expects_continue = true;
        break;
      case beast::http::field::authorization:
        // Whoever stands before us may have judged by the other one.
        if (std::exchange(authorization_, true))
          return stop(error, 400, "There is more than one Authorization field.");
        break;
      case beast::http::field::accept_encoding:
        framing_.traits_.accepts_gzip = framing_.traits_.accepts_gzip || allows_gzip(value);
        break;
      default:
        break;
    }
    request_.headers.add(std::string(name_text), std::string(value));
  }

  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

 private:
  void stop(error_code& error, unsigned status, std::string_view message) {
    framing_.refuse(status, ErrorCode::invalid_argument, message);
    error = beast::http::make_error_code(beast::http::error::bad_field);
  }

  Framing& framing_;
  Request& request_;
  std::string authority_;
  int version_ = 11;
  bool host_ = false;
  bool authorization_ = false;
  bool content_length_ = false;
  bool transfer_encoding_ = false;
};

Framing::Framing(const Limits& limits) : limits_(limits) {}
Framing::~Framing() = default;

Framing::Step Framing::refuse(unsigned status, ErrorCode code, std::string_view message) {
  phase_ = Phase::refused;
  if (!refusal_)
    refusal_ = std::make_unique<Refusal>(Refusal{status, {code, std::string(message), {}, {}, {}}});
  return {Progress::refused, 0};
}

Framing::Step Framing::feed(std::string_view data, Request& request) {
  switch (phase_) {
    case Phase::head:
      return feed_head(data, request);
    case Phase::sized_body:
      return feed_sized_body(data, request);
    case Phase::chunked_body:
      return feed_chunked_body(data, request);
    case Phase::refused:
      break;
  }
  return {Progress::refused, 0};
}

void Framing::begin_head() {
  phase_ = Phase::head;
  first_line_done_ = false;
  line_start_ = 0;
  header_count_ = 0;
}

// What is refused here is what Beast would let pass, or what deserves a truer status than 400.
bool Framing::check_line(std::string_view line) {
  if (first_line_done_) {
    if (line.front() == ' ' || line.front() == '\t') {
      refuse(400, ErrorCode::invalid_argument, "A header field is folded over several lines.");
      return false;
    }
    if (++header_count_ > limits_.header_count_max) {
      refuse(431, ErrorCode::too_large, "There are too many header fields.");
      return false;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
        !is_field_value(line.substr(colon + 1))) {
      refuse(400, ErrorCode::invalid_argument, "A header field is malformed.");
      return false;
    }
    return true;
  }
  first_line_done_ = true;
  const auto method_end = line.find(' ');
  const auto target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end == target_end ||
      !is_token(line.substr(0, method_end))) {
    refuse(400, ErrorCode::invalid_argument, "The request line is malformed.");
    return false;
  }
  const auto target = line.substr(method_end + 1, target_end - method_end - 1);
  const auto version = line.substr(target_end + 1);
  if (target.size() > limits_.target_size_max_bytes ||
      line.size() > limits_.target_size_max_bytes + rest_of_line_bytes) {
    refuse(414, ErrorCode::too_large, "The request target is too long.");
    return false;
  }
  if (!is_target(target)) {
    refuse(400, ErrorCode::invalid_argument,
           "The request target has characters that must be percent-encoded.");
    return false;
  }
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return true;
  const bool well_formed = version.size() == 8 && version.substr(0, 5) == "HTTP/" && version[6] == '.' &&
                           version[5] >= '0' && version[5] <= '9' && version[7] >= '0' && version[7] <= '9';
  if (well_formed)
    refuse(505, ErrorCode::invalid_argument, "Only HTTP/1.1 and HTTP/1.0 are served here.");
  else
    refuse(400, ErrorCode::invalid_argument, "The request line is malformed.");
  return false;
}

Framing::Step Framing::check_partial_head(std::string_view data) {
  // One more, as it may be the CR of a line that is just short enough.
  if (!first_line_done_ && data.size() - line_start_ > limits_.target_size_max_bytes + rest_of_line_bytes + 1)
    return refuse(414, ErrorCode::too_large, "The request target is too long.");
  if (data.size() > limits_.header_size_max_bytes)
    return refuse(431, ErrorCode::too_large, "The header is too large.");
  return {Progress::need_more, 0};
}

Framing::Step Framing::feed_head(std::string_view data, Request& request) {
  if (data.size() <= line_start_) return {Progress::need_more, 0};
  for (;;) {
    const auto* found =
        static_cast<const char*>(std::memchr(data.data() + line_start_, '\n', data.size() - line_start_));
    if (found == nullptr) return check_partial_head(data);
    const auto end = static_cast<std::size_t>(found - data.data());
    if (end == line_start_ || data[end - 1] != '\r')
      return refuse(400, ErrorCode::invalid_argument, "A line of the header does not end in CRLF.");
    const auto line = data.substr(line_start_, end - 1 - line_start_);
    if (line.empty() && first_line_done_) return parse_head(data.substr(0, end + 1), request);
    if (!line.empty() && !check_line(line)) return {Progress::refused, 0};
    line_start_ = end + 1;
    // An empty line before the request line is tolerated (RFC 9112 section 2.2), a stream of them is not.
    if (line_start_ > limits_.header_size_max_bytes)
      return refuse(431, ErrorCode::too_large, "The header is too large.");
    if (line.empty() && line_start_ > 2 * empty_lines_max)
      return refuse(400, ErrorCode::invalid_argument, "The request line is missing.");
  }
}

Framing::Step Framing::parse_head(std::string_view head, Request& request) {
  const auto consumed = head.size();
  if (consumed > limits_.header_size_max_bytes)
    return refuse(431, ErrorCode::too_large, "The header is too large.");
  while (head.front() == '\r') head.remove_prefix(2);
  traits_ = {};
  request.headers.clear();
  request.body.clear();
  HeadParser parser(*this, request);
  beast::error_code error;
  const auto parsed = parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (!parser.refused() && !error) parser.finish();
  if (parser.refused()) return {Progress::refused, 0};
  if (error || parsed != head.size() || !parser.is_header_done())
    return refuse(400, ErrorCode::invalid_argument,
                  error == beast::http::error::bad_content_length ? "The Content-Length field is malformed."
                                                                  : "The header is malformed.");
  begin_head();
  if (parser.is_transfer_coded()) {
    chunked_.start(limits_.body_size_max_bytes);
    phase_ = Phase::chunked_body;
    return {Progress::head, consumed};
  }
  const auto length = parser.content_length();
  if (!length || *length == 0) return {Progress::complete, consumed};
  if (*length > limits_.body_size_max_bytes)
    return refuse(413, ErrorCode::too_large, "The body is too large.");
  body_left_bytes_ = *length;
  phase_ = Phase::sized_body;
  return {Progress::head, consumed};
}

Framing::Step Framing::feed_sized_body(std::string_view data, Request& request) {
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_bytes_, data.size()));
  request.body.append(data.substr(0, take));
  body_left_bytes_ -= take;
  if (body_left_bytes_ > 0) return {Progress::need_more, take};
  begin_head();
  return {Progress::complete, take};
}

Framing::Step Framing::feed_chunked_body(std::string_view data, Request& request) {
  const auto step = chunked_.feed(data, request.body);
  switch (step.state) {
    case ChunkedDecoder::State::more:
      return {Progress::need_more, step.consumed};
    case ChunkedDecoder::State::done:
      begin_head();
      return {Progress::complete, step.consumed};
    case ChunkedDecoder::State::too_large:
      return refuse(413, ErrorCode::too_large, "The body is too large.");
    case ChunkedDecoder::State::malformed:
      break;
  }
  return refuse(400, ErrorCode::invalid_argument, chunked_.reason());
}

}  // namespace muster::http
