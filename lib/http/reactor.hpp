// SPDX-License-Identifier: Apache-2.0
/// @file One thread that waits for sockets and runs what they need: an epoll set, a mailbox other threads can
/// wake it through, and a table of deadlines scanned once a tick (10,000 entries take microseconds, and
/// moving a deadline is one store). Poco 1.11's SocketReactor spends a map node, two map searches, three
/// locks and a copied observer list on every event, which with 2,000 busy connections is a sixth of the whole
/// cost of a small request, and to poll a set of ours through it is one more system call each time it wakes.
/// Its own thread only, but for start, stop_and_join, mailbox, connection_count and expect_connection.
#pragma once

#include "http/mailbox.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace muster::http {

class Connection;

/// What a descriptor of the set belongs to.
class Watched {
 public:
  virtual ~Watched() = default;
  virtual void on_event(std::uint32_t events) = 0;  ///< Of epoll.
};

class Reactor final {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  explicit Reactor(std::chrono::milliseconds tick_interval);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  ~Reactor();

  /// Error: std::system_error.
  void start();
  /// Cuts what is still connected and ends the thread.
  void stop_and_join();
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  [[nodiscard]] std::size_t connection_count() const { return count_.load(std::memory_order_relaxed); }
  /// Announced by the acceptor before the connection arrives, so that the next one goes elsewhere.
  void expect_connection() { count_.fetch_add(1, std::memory_order_relaxed); }

  void adopt(const std::shared_ptr<Connection>& connection);
  void release(Connection& connection);
  /// Sets what is waited for, from `before` to `wanted`, both of EPOLLIN and EPOLLOUT; 0 is nothing at all,
  /// not even the end of a connection.
  void watch(Watched& watched, int descriptor, std::uint32_t before, std::uint32_t wanted);
  void set_deadline(std::size_t slot, TimePoint deadline) { table_[slot].deadline = deadline; }
  void drain();
  /// Called once a tick.
  void set_on_tick(std::function<void()> function) { on_tick_ = std::move(function); }

  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] std::string_view preamble() const { return preamble_; }
  [[nodiscard]] std::vector<char>& read_buffer() { return read_buffer_; }
  [[nodiscard]] std::string& spare_output() { return spare_output_; }

 private:
  struct Entry {
    TimePoint deadline;
    std::shared_ptr<Connection> connection;
  };

  void run_and_cut();
  void wait_and_serve();
  void tick();
  void scan();
  void open_mail();

  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  int epoll_descriptor_;
  std::thread thread_;
  std::chrono::milliseconds tick_interval_;
  TimePoint now_ = Clock::now();
  TimePoint next_tick_ = now_;
  std::time_t preamble_second_ = 0;
  std::string preamble_;
  std::vector<Entry> table_;
  Mailbox::Letters letters_;
  std::function<void()> on_tick_;
  std::vector<char> read_buffer_;
  std::string spare_output_;
  std::atomic<std::size_t> count_{0};
  bool draining_ = false;
  bool stopping_ = false;
};

}  // namespace muster::http
