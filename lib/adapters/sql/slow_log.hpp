// SPDX-License-Identifier: Apache-2.0
/// @file Statements that took too long, in the log, with the plan that the database has for them: each once
/// in a while, and not many altogether, so that a slow disk fills no other one. The plan is asked for
/// afterwards, by a thread of its own on a connection of its own: no transaction waits for it. What a
/// statement was given is never logged. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace muster::sql {

class SlowLog {
 public:
  using Clock = std::chrono::steady_clock;
  /// The plan of a statement in one line, or why it cannot be had.
  using Explain = std::function<std::string(const std::string& text)>;
  struct Limits {
    std::chrono::microseconds slow_from;  ///< Zero: nothing is slow.
    std::chrono::milliseconds interval = std::chrono::minutes(1);
    std::size_t lines_max = 20;  ///< In an interval, of all statements.
  };

  SlowLog(Limits limits, std::string database, Explain explain);
  SlowLog(const SlowLog&) = delete;
  SlowLog& operator=(const SlowLog&) = delete;
  ~SlowLog();

  [[nodiscard]] bool is_on() const { return limits_.slow_from.count() > 0; }
  /// `name` must live on. `text` is empty for what has no plan.
  void note(std::string_view name, std::string_view text, Clock::duration taken) {
    if (is_on() && taken >= limits_.slow_from) note_slow(name, text, taken);
  }
  /// Statements that were slow, logged or not.
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  struct Line {
    std::string_view name;
    std::string text;
    std::chrono::milliseconds taken;
    std::uint64_t before;  ///< Slow ones of that name since its last line.
    std::string trace_id;
  };
  struct Seen {
    Clock::time_point logged_at;
    std::uint64_t since = 0;
  };

  void note_slow(std::string_view name, std::string_view text, Clock::duration taken);
  void write_lines();

  const Limits limits_;
  const std::string database_;
  const Explain explain_;
  std::atomic<std::uint64_t> count_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<std::string_view, Seen> seen_;
  Clock::time_point interval_began_;
  std::size_t lines_ = 0;  ///< Since then.
  std::deque<Line> due_;
  std::thread thread_;  ///< From the first line on.
};

/// Measures one thing from here to its end. Without a log, nothing.
class Timed {
 public:
  Timed(SlowLog* log, std::string_view name, std::string_view text)
      : log_(log != nullptr && log->is_on() ? log : nullptr), name_(name), text_(text) {
    if (log_ != nullptr) began_ = SlowLog::Clock::now();
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  ~Timed() {
    if (log_ != nullptr) log_->note(name_, text_, SlowLog::Clock::now() - began_);
  }

 private:
  SlowLog* log_;
  std::string_view name_;
  std::string_view text_;
  SlowLog::Clock::time_point began_;
};

}  // namespace muster::sql
