// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include "http/characters.hpp"
#include "http/client_connection.hpp"

#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace muster::http {

namespace beast = boost::beast;

namespace {

constexpr std::uint64_t body_size_max_bytes = 64 * 1024 * 1024;
constexpr std::uint32_t header_size_max_bytes = 256 * 1024;
constexpr std::size_t read_size_bytes = 64 * 1024;

using ResponseParser = beast::http::response_parser<beast::http::string_body>;
using TimePoint = ClientConnection::Clock::time_point;

bool may_repeat(Method method, const Headers& headers) {
  return method != Method::post && method != Method::patch ? method != Method::other
                                                           : headers.find("Idempotency-Key").has_value();
}

Result<std::string> write_request(Method method, const std::string& target, const Headers& headers,
                                  const std::string& body, const std::string& host) {
  if (method == Method::other || !is_target(target) || target.front() != '/')
    return fail(ErrorCode::invalid_argument, "the request target \"" + target + "\" is malformed");
  std::string text(method_name(method));
  text += ' ';
  text += target;
  text += " HTTP/1.1\r\nHost: ";
  text += host;
  text += "\r\n";
  for (const auto& [name, value] : headers) {
    if (!is_token(name) || !is_field_value(value))
      return fail(ErrorCode::invalid_argument,
                  "the header field \"" + name + "\" has a character it may not have");
    text += name;
    text += ": ";
    text += value;
    text += "\r\n";
  }
  if (!body.empty() || method == Method::post || method == Method::put || method == Method::patch) {
    text += "Content-Length: ";
    text += std::to_string(body.size());
    text += "\r\n";
  }
  text += "\r\n";
  text += body;
  return text;
}

Response to_response(ResponseParser& parser) {
  Response response;
  auto message = parser.release();
  response.status = message.result_int();
  response.content_type = {};
  for (const auto& field : message)
    response.headers.add(std::string(field.name_string()), std::string(field.value()));
  response.body = std::move(message.body());
  response.close = !message.keep_alive();
  return response;
}

}  // namespace

class Client::Impl {
 public:
  explicit Impl(ClientOptions options) : options_(std::move(options)) {}

  Result<Response> send(Method method, const std::string& target, const Headers& headers,
                        const std::string& body) {
    lost_answer_ = false;
    MUSTER_TRY(const auto address, ServerAddress::parse(options_.server));
    MUSTER_TRY(const auto text, write_request(method, target, headers, body, address.host_header));
    const auto deadline = ClientConnection::Clock::now() + options_.timeout;
    if (connection_ && (connection_->is_stale() || !received_.empty())) drop();
    const bool reused = connection_ != nullptr;
    auto response = exchange(address, text, method, deadline);
    if (response || !reused || !lost_before_answer_ || !may_repeat(method, headers)) return response;
    return exchange(address, text, method, deadline);
  }

  [[nodiscard]] bool lost_answer() const { return lost_answer_; }

 private:
  void drop() {
    connection_.reset();
    received_.clear();
  }

  Result<Response> exchange(const ServerAddress& address, const std::string& text, Method method,
                            TimePoint deadline) {
    lost_before_answer_ = lost_answer_ = false;
    if (!connection_) {
      MUSTER_TRY(connection_, ClientConnection::open(address, options_.server,
                                                     options_.certificate_authority_file, deadline));
    }
    // A server may answer and close before it has read all, with 413 for one; the answer is worth reading.
    const auto written = connection_->write(text, deadline);
    if (!written && written.error().code != ErrorCode::unavailable) {
      drop();
      return fail(written.error());
    }
    auto response = receive(method, deadline);
    if (!response || response->close) drop();
    if (!response && !written && lost_before_answer_) return fail(written.error());
    return response;
  }

  Result<Response> receive(Method method, TimePoint deadline) {
    for (;;) {
      ResponseParser parser;
      parser.eager(true);
      parser.body_limit(body_size_max_bytes);
      parser.header_limit(header_size_max_bytes);
      parser.skip(method == Method::head);
      MUSTER_CHECK_OK(receive_into(parser, deadline));
      constexpr unsigned first_final_status = 200;
      if (parser.get().result_int() >= first_final_status) return to_response(parser);
    }
  }

  Status receive_into(ResponseParser& parser, TimePoint deadline) {
    std::array<char, read_size_bytes> chunk;
    while (!parser.is_done()) {
      beast::error_code error;
      if (!received_.empty()) {
        const auto used = parser.put(boost::asio::const_buffer(received_.data(), received_.size()), error);
        received_.erase(0, used);
        if (error && error != beast::http::error::need_more) return bad_answer(error);
        if (parser.is_done()) break;
        if (used > 0 && !received_.empty()) continue;
      }
      auto count = connection_->read(chunk.data(), chunk.size(), deadline);
      if (!count || *count == 0) {
        const bool nothing_came = !parser.got_some() && received_.empty();
        lost_answer_ = count || count.error().code == ErrorCode::unavailable;
        lost_before_answer_ = nothing_came && lost_answer_;
        if (!count) return fail(std::move(count).error());
        if (nothing_came)
          return fail(ErrorCode::unavailable, options_.server + " closed the connection without an answer");
        parser.put_eof(error);
        if (error)
          return fail(ErrorCode::unavailable, options_.server + " closed the connection within its answer");
        break;
      }
      received_.append(chunk.data(), *count);
    }
    return {};
  }

  Status bad_answer(const beast::error_code& error) const {
    if (error == beast::http::error::body_limit)
      return fail(ErrorCode::unavailable, "the answer of " + options_.server + " is larger than 64 MiB");
    return fail(ErrorCode::unavailable, options_.server + " did not answer in HTTP/1.1: " + error.message());
  }

  ClientOptions options_;
  std::unique_ptr<ClientConnection> connection_;
  std::string received_;
  bool lost_before_answer_ = false;
  bool lost_answer_ = false;
};

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;

Result<Response> Client::send(Method method, const std::string& target, const Headers& headers,
                              const std::string& body) {
  return impl_->send(method, target, headers, body);
}

bool Client::lost_answer() const {
  return impl_->lost_answer();
}

}  // namespace muster::http
