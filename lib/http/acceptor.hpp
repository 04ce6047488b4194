// SPDX-License-Identifier: Apache-2.0
/// @file Takes new connections from the listening sockets and gives each to the reactor that has fewest.
/// When descriptors run out it turns connections away with one it keeps in reserve, so that the kernel's
/// queue drains and nothing spins, and says so in the log at most every few seconds.
/// Lives on the first reactor's thread, but for the TLS contexts, which the controlling thread replaces.
#pragma once

#include "http/connection.hpp"
#include "http/listening_socket.hpp"
#include "http/reactor.hpp"
#include "http/server.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <Poco/Net/Context.h>

namespace muster::http {

/// TLS 1.2 or newer with these files. Error: invalid_argument, naming the file.
Result<Poco::Net::Context::Ptr> make_server_context(const TlsFiles& files);

class Acceptor {
 public:
  Acceptor(Front& front, const std::vector<std::unique_ptr<Reactor>>& reactors);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor();

  /// Before the reactors start. `listener` must outlive the acceptor.
  Status listen(const Listener& listener);
  [[nodiscard]] std::vector<std::string> addresses() const;
  Status reload_tls();
  /// Begins to accept; before the reactors start.
  void open();
  /// Stops accepting for good.
  void close();

 private:
  class Door;

  void on_door(Door& door);
  void admit(Door& door, ListeningSocket::Accepted accepted);
  void turn_away(Door& door, int error_number);
  void refuse(Door& door, const ListeningSocket::Accepted& accepted);
  void on_tick();
  Reactor& quietest();

  Front& front_;
  const std::vector<std::unique_ptr<Reactor>>& reactors_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::size_t next_reactor_ = 0;
  int reserve_descriptor_;
  bool paused_ = false;
  Reactor::TimePoint next_warning_{};
};

}  // namespace muster::http
