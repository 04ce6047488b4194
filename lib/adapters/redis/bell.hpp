// SPDX-License-Identifier: Apache-2.0
/// @file A bell that everybody hears who listens to one channel: that it rang is all it says. Some rings are
/// lost, others come late; whoever counts on something looks for it anyway. Each half has a thread and a
/// connection of its own, and goes on by itself when its server is back or another has taken its place.
/// Thread-safe.
#pragma once

#include "adapters/redis/line.hpp"
#include "adapters/redis/pauses.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace muster::redis {

struct BellTerms {
  std::string channel;
  std::string name;  ///< Of who rings: nobody hears himself.
};

class Ringer {
 public:
  struct Counters {
    std::uint64_t sent = 0;
    std::uint64_t failed = 0;
  };
  /// No two rings follow each other sooner.
  static constexpr std::chrono::milliseconds interval{2};

  Ringer(const Url& url, const Passwords& passwords, BellTerms terms);
  Ringer(const Ringer&) = delete;
  Ringer& operator=(const Ringer&) = delete;
  ~Ringer();

  /// Never waits. Those that have to wait are one.
  void ring();
  [[nodiscard]] Counters counters() const { return {sent_, failed_}; }

 private:
  void run();
  Status send();
  Status publish();

  const std::string name_;
  Line line_;
  Pauses pauses_;
  std::chrono::steady_clock::time_point next_try_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool asked_ = false;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::thread thread_;
};

class Listener {
 public:
  struct Counters {
    std::uint64_t heard = 0;
    bool is_listening = false;
  };

  /// `heard` must not wait. It is called too when listening begins, since nobody knows what was missed.
  Listener(const Url& url, const Passwords& passwords, BellTerms terms, std::function<void()> heard);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  [[nodiscard]] Counters counters() const { return {heard_, is_listening_}; }

 private:
  void run();
  /// Until that fails, or the end.
  Status listen();
  Status begin();
  void take(const Reply& reply);

  const std::string name_;
  const std::function<void()> on_heard_;
  Line line_;
  Pauses pauses_;
  bool is_missed_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> is_listening_{false};
  std::atomic<std::uint64_t> heard_{0};
  std::thread thread_;
};

}  // namespace muster::redis
