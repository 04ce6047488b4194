// SPDX-License-Identifier: Apache-2.0
#include "daemon/answers.hpp"

#include "wire/envelope.hpp"
#include "wire/error_table.hpp"

namespace muster::daemon {
namespace {

void add_common_headers(http::Response& response, const Error& error) {
  if (response.status == 429 || response.status == 503) {
    const auto wait = error.retry_after.value_or(std::chrono::seconds{1});
    response.headers.add("Retry-After", std::to_string(wait.count()));
  }
  response.headers.add("Cache-Control", "no-store");
}

std::string_view oauth2_error(const Error& error) {
  switch (wire::entry_of(error.code).http_status) {
    case 401:
      return "invalid_token";
    case 403:
      return "insufficient_scope";
    case 429:
    case 503:
    case 504:
      return "temporarily_unavailable";
    case 500:
      return "server_error";
    default:
      return "invalid_request";
  }
}

/// RFC 6749 section 5.2, which RFC 7009 and RFC 7662 refer to.
http::Response oauth2_response(const Error& error) {
  http::Response response;
  response.status = wire::entry_of(error.code).http_status;
  response.body = "{\"error\":\"" + std::string(oauth2_error(error)) + "\",\"error_description\":";
  wire::append_json_string(response.body, error.message);
  response.body += '}';
  return response;
}

}  // namespace

http::Response error_response(const Error& error, std::string_view trace_id) {
  http::Response response;
  response.status = wire::entry_of(error.code).http_status;
  response.body = wire::error_envelope(error, trace_id);
  add_common_headers(response, error);
  return response;
}

Next refuse(Exchange& exchange, const Error& error) {
  http::Response& response = exchange.response;
  if (exchange.route != nullptr && exchange.route->format == Format::oauth2) {
    response = oauth2_response(error);
    add_common_headers(response, error);
  } else {
    response = error_response(error, exchange.call.trace_id);
  }
  if (response.status == 401)
    response.headers.add("WWW-Authenticate",
                         exchange.presented_token ? R"(Bearer error="invalid_token")" : "Bearer");
  return Next::answer;
}

Next succeed(Exchange& exchange, std::string_view data_json, unsigned status) {
  exchange.response.status = status;
  exchange.response.body = wire::success_envelope(data_json);
  return Next::answer;
}

}  // namespace muster::daemon
