// SPDX-License-Identifier: Apache-2.0
/// @file A TCP proxy of 127.0.0.1 before a database server, which cuts connections just when a change is
/// committed: nobody behind it can tell whether it was. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <thread>

namespace muster::test {

class CuttingProxy {
 public:
  /// What has become of the commit whose connection is cut.
  enum class Cut : std::uint8_t {
    unsent,      ///< The server never hears of it.
    unanswered,  ///< It is done; only the answer is lost.
  };

  explicit CuttingProxy(int server_port);
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;
  ~CuttingProxy();

  [[nodiscard]] int port() const { return port_; }
  /// Cuts that many of the next commits of connections that may write.
  void cut_commits(Cut cut, int count);
  [[nodiscard]] int commits_cut() const { return commits_cut_; }

 private:
  struct Link {
    int client;
    int server;
    bool may_write = false;
    bool is_open = true;
    bool ends_with_answer = false;
  };

  void run();
  void accept_one();
  void from_client(Link& link);
  void from_server(Link& link);
  static void close_link(Link& link);

  const int server_port_;
  int listener_ = -1;
  int port_ = 0;
  std::list<Link> links_;
  std::atomic<bool> stopping_{false};
  std::atomic<Cut> cut_{Cut::unsent};
  std::atomic<int> to_cut_{0};
  std::atomic<int> commits_cut_{0};
  std::thread thread_;
};

}  // namespace muster::test
