// SPDX-License-Identifier: Apache-2.0
/// @file A request and a response as values, free of sockets. Header names compare without case.
/// Not thread-safe: one owner at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };

std::string_view method_name(Method method);  ///< "GET"; "OTHER" for what Muster does not serve.

/// Header fields in the order they came. Few enough that a scan beats a map.
class Headers {
 public:
  /// The first field of that name; nothing if there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// Replaces every field of that name.
  void set(std::string_view name, std::string value);
  void clear() { fields_.clear(); }

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Who is at the other end of the connection.
struct Peer {
  std::string address;  ///< "127.0.0.1" or, for a Unix socket, "unix".
  std::uint16_t port = 0;
  std::optional<std::uint32_t> user_id_os;  ///< SO_PEERCRED of a Unix socket.
  bool secure = false;                      ///< Over TLS.
};

struct Request {
  Method method = Method::get;
  std::string target;      ///< As sent: "/v1/users?limit=5".
  std::string_view path;   ///< Into `target`, still percent-encoded.
  std::string_view query;  ///< Into `target`, without '?'.
  Headers headers;
  std::string body;  ///< Whole and de-chunked.
  Peer peer;

  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  Request(Request&& other) noexcept { *this = std::move(other); }
  Request& operator=(Request&& other) noexcept;

  /// Sets `target` and the two views into it.
  void set_target(std::string value);
};

struct Response {
  unsigned status = 200;
  Headers headers;
  std::string body;
  std::string_view content_type = "application/json";  ///< A literal; empty for none.
  bool close = false;                                  ///< End the connection after this response.
};

std::string_view reason_phrase(unsigned status);

/// Percent-decodes one path segment or query value; `+` is a space in a query only. Nothing for a bad
/// escape or a decoded NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
std::string percent_encode(std::string_view text);

/// The pairs of a query string, decoded, in order. Nothing for a bad escape.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace muster::http
