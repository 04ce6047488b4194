// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/slow_log.hpp"

#include "base/log.hpp"

#include <system_error>

#include <pthread.h>

namespace muster::sql {

SlowLog::SlowLog(Limits limits, std::string database, Explain explain)
    : limits_(limits), database_(std::move(database)), explain_(std::move(explain)) {}

SlowLog::~SlowLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SlowLog::note_slow(std::string_view name, std::string_view text, Clock::duration taken) {
  ++count_;
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = seen_.try_emplace(name);
  Seen& seen = place->second;
  if (lines_ == 0 || now - interval_began_ >= limits_.interval) {
    interval_began_ = now;
    lines_ = 0;
  }
  const bool is_due = is_new || now - seen.logged_at >= limits_.interval;
  if (!is_due || lines_ >= limits_.lines_max) {
    ++seen.since;
    if (is_new) seen.logged_at = now - limits_.interval;
    return;
  }
  due_.push_back({name, std::string(text), std::chrono::duration_cast<std::chrono::milliseconds>(taken),
                  seen.since, std::string(log::TraceScope::current())});
  seen = {now, 0};
  ++lines_;
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { write_lines(); });
    } catch (const std::system_error&) {
      due_.clear();  // They are counted all the same.
    }
  }
  changed_.notify_all();
}

void SlowLog::write_lines() {
  pthread_setname_np(pthread_self(), "slow-log");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !due_.empty(); });
    if (stopping_) return;
    const Line line = std::move(due_.front());
    due_.pop_front();
    lock.unlock();
    const log::TraceScope trace(line.trace_id);
    std::string plan = line.text.empty() ? std::string() : explain_(line.text);
    if (!plan.empty()) plan = "; plan: " + plan;
    const std::string before =
        line.before == 0 ? std::string() : ", and " + std::to_string(line.before) + " times before";
    log::warn("slow statement {} took {} ms{}; database {}{}", line.name, line.taken.count(), before,
              database_, plan);
    lock.lock();
  }
}

}  // namespace muster::sql
