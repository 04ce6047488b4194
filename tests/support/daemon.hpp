// SPDX-License-Identifier: Apache-2.0
/// @file The real musterd on a folder of its own and a free port, and calls of it. Password hashing is made
/// cheap, so that tests measure nothing but correctness. One thread controls it; make one Api a thread.
#pragma once

#include "http/client.hpp"
#include "support/process.hpp"
#include "wire/json.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::test {

struct DaemonOptions {
  std::vector<std::string> prefix;  ///< Before musterd: {"prlimit", "--nofile=64", "--"}.
  std::string listen = "127.0.0.1:0";
  Environment environment;
};

class Daemon {
 public:
  explicit Daemon(std::string data_folder, DaemonOptions options = {});

  /// Starts it and waits until it serves; on failure false, and log() says why.
  bool start();
  /// Starts it without waiting, for those that are to fail, or for several at once.
  Process& launch();
  /// Of one that was launched; as start.
  bool wait_until_it_serves();
  /// SIGTERM and wait; the status.
  int stop();
  void kill();

  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string socket() const { return folder_ + "/musterd.sock"; }
  /// "http://127.0.0.1:41233", as it was bound.
  [[nodiscard]] std::string url() const { return "http://" + address_; }
  [[nodiscard]] std::string address() const { return address_; }
  [[nodiscard]] std::string log() const { return process_ ? process_->err() : std::string(); }

 private:
  std::string folder_;
  DaemonOptions options_;
  std::string address_;
  std::unique_ptr<Process> process_;
};

/// What came back: "ok" or the error's name ("unreachable" when nothing came), and the envelope's data.
struct Outcome {
  std::string name;
  std::string message;
  wire::Json data;
  unsigned status = 0;
  http::Headers headers;
  std::string body;  ///< As it came.

  [[nodiscard]] bool ok() const { return name == "ok"; }
  /// A member of data as text; empty if there is none.
  [[nodiscard]] std::string text(std::string_view member) const;
};

/// One kept-alive connection to a daemon.
class Api {
 public:
  explicit Api(const std::string& server);
  ~Api();
  Api(Api&&) noexcept;

  /// `body` is JSON text, empty for none; `token` a bearer token, empty for none.
  Outcome call(http::Method method, const std::string& target, const std::string& body = {},
               const std::string& token = {}, const std::string& idempotency_key = {},
               http::Headers headers = {});

 private:
  std::unique_ptr<http::Client> client_;
};

std::string program(std::string_view name);

}  // namespace muster::test
