// SPDX-License-Identifier: Apache-2.0
/// @file A server with a handler and a raw socket to talk to it with, for the tests of http.
#pragma once

#include "http/server.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace muster::http::test {

using namespace std::chrono_literals;

/// A blocking client socket that gives up after ten seconds.
class RawClient {
 public:
  explicit RawClient(const std::string& address);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient(RawClient&& other) noexcept;
  ~RawClient();

  /// False when the other side is gone.
  bool send(std::string_view bytes);
  /// One whole response, head and body; nothing if the connection ends first.
  std::optional<std::string> receive_response(bool is_head = false);
  /// All until the other side closes.
  std::string receive_all();
  /// What there is within the time; empty for none or for the end.
  std::string receive_some(std::chrono::milliseconds time);
  void end_output();
  void reset();                                     ///< Closes with a TCP reset.
  [[nodiscard]] std::string local_address() const;  ///< "127.0.0.1 4711"
  [[nodiscard]] bool is_closed_within(std::chrono::milliseconds time);
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  bool fill(std::chrono::milliseconds time);

  int descriptor_ = -1;
  std::string buffer_;
};

Response text_response(std::string body, unsigned status = 200);
Response plain_error_body(const Error& error);

/// Echoes method, path, headers of interest and body, inline.
Handler echo_handler();

/// Fast deadlines where a test needs them; a started server on 127.0.0.1:0 unless said otherwise.
struct RunningServer {
  explicit RunningServer(Handler handler, ServerOptions options = {});
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  std::unique_ptr<Server> server;
  std::string address;
};

/// A folder under the temporary folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string status_of(std::string_view response);
std::string body_of(std::string_view response);
std::string header_of(std::string_view response, std::string_view name);  ///< Empty for none.

std::string gunzip(const std::string& packed);

/// Runs `condition` until it is true, at most ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    struct timespec pause {
      0, 2'000'000
    };
    nanosleep(&pause, nullptr);
  }
  return condition();
}

}  // namespace muster::http::test
