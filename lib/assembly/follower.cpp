// SPDX-License-Identifier: Apache-2.0
#include "assembly/follower.hpp"

#include "base/log.hpp"
#include "ops/feed.hpp"
#include "ops/node_registry.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <string>

#include <pthread.h>

namespace muster::assembly {
namespace {

constexpr std::chrono::seconds beat_interval{1};

Status kept_from_throwing(const std::function<Status()>& step) {
  try {
    return step();
  } catch (const std::exception& error) {
    return fail(ErrorCode::internal, error.what());
  }
}

/// Says once that something fails, and once that it goes on.
class Trouble {
 public:
  explicit Trouble(const char* what) : what_(what) {}
  void note(const Status& status) {
    const std::string now = status ? std::string() : status.error().message;
    if (now == last_) return;
    if (!status)
      log::warn("{} cannot go on: {} {}", what_, now, status.error().detail);
    else
      log::info("{} goes on", what_);
    last_ = now;
  }

 private:
  const char* what_;
  std::string last_;
};

}  // namespace

void Follower::start() {
  following_ = std::thread([this] { follow(); });
  beating_ = std::thread([this] { beat(); });
}

void Follower::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (following_.joinable()) following_.join();
  if (beating_.joinable()) beating_.join();
}

void Follower::wake() {
  {
    const std::lock_guard lock(mutex_);
    poll_now_ = true;
  }
  changed_.notify_all();
}

bool Follower::rest(std::chrono::microseconds least, std::chrono::microseconds time, bool& is_woken) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, least, [&] { return stopping_; });
  changed_.wait_for(lock, time - least, [&] { return stopping_ || is_woken; });
  is_woken = false;
  return !stopping_;
}

void Follower::follow() {
  pthread_setname_np(pthread_self(), "follower");
  Trouble trouble("following other daemons");
  const auto least = std::min<std::chrono::microseconds>(interval_, rest_min);
  while (rest(least, interval_, poll_now_)) {
    trouble.note(kept_from_throwing([this] { return feed_.poll(); }));
    if (!nodes_.is_awaited()) continue;
    {
      const std::lock_guard lock(mutex_);
      beat_now_ = true;
    }
    changed_.notify_all();
  }
}

void Follower::beat() {
  pthread_setname_np(pthread_self(), "node-beat");
  Trouble trouble("telling other daemons of this one");
  while (rest(std::chrono::seconds(0), beat_interval, beat_now_))
    trouble.note(kept_from_throwing([this] { return nodes_.beat(); }));
}

}  // namespace muster::assembly
