// SPDX-License-Identifier: Apache-2.0
/// @file One thread that waits for sockets and runs what they need: a loop, a mailbox other threads can
/// wake it through, and a table of deadlines scanned once a tick (10,000 entries take microseconds, and
/// moving a deadline is one store). Poco 1.11's SocketReactor spends a map node, two map searches, three
/// locks and a copied observer list on every event, which with 2,000 busy connections is a sixth of the whole
/// cost of a small request, and to poll a set of ours through it is one more system call each time it wakes.
/// Its own thread only, but for start, stop_and_join, mailbox, connection_count and expect_connection.
#pragma once

#include "http/mailbox.hpp"
#include "loop/loop.hpp"

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

class Reactor final : loop::Watched, loop::Guest {
 public:
  using Clock = loop::Loop::Clock;
  using TimePoint = loop::Loop::TimePoint;

  explicit Reactor(std::chrono::milliseconds tick_interval);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  ~Reactor() override;

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
  void watch(loop::Watched& watched, int descriptor, std::uint32_t before, std::uint32_t wanted) {
    loop_.watch(watched, descriptor, before, wanted);
  }
  void set_deadline(std::size_t slot, TimePoint deadline) { table_[slot].deadline = deadline; }
  void drain();
  /// Called once a tick.
  void set_on_tick(std::function<void()> function) { on_tick_ = std::move(function); }

  [[nodiscard]] TimePoint now() const { return loop_.now(); }
  [[nodiscard]] std::string_view preamble() const { return preamble_; }
  [[nodiscard]] std::vector<char>& read_buffer() { return read_buffer_; }
  [[nodiscard]] std::string& spare_output() { return spare_output_; }

 private:
  struct Entry {
    TimePoint deadline;
    std::shared_ptr<Connection> connection;
  };

  void on_event(std::uint32_t events) override;
  void on_turn_end() override;
  bool on_tick() override;
  void run_and_cut();
  void tick();
  void scan();
  void open_mail();

  loop::Loop loop_;
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::thread thread_;
  std::chrono::milliseconds tick_interval_;
  TimePoint next_tick_ = loop_.now();
  std::time_t preamble_second_ = 0;
  std::string preamble_;
  std::vector<Entry> table_;
  Mailbox::Letters letters_;
  std::function<void()> on_tick_;
  std::vector<char> read_buffer_;
  std::string spare_output_;
  std::atomic<std::size_t> count_{0};
  bool has_mail_ = false;  ///< From other threads.
  bool draining_ = false;
  bool stopping_ = false;
};

}  // namespace muster::http
