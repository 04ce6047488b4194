// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/bell.hpp"

#include "base/log.hpp"

#include <pthread.h>

namespace muster::redis {
namespace {

using Clock = std::chrono::steady_clock;

/// How soon the end is noticed.
constexpr std::chrono::milliseconds listened_at_a_time{100};
/// After so many of them in silence the server is asked whether it is there.
constexpr int silent_max = 10;

}  // namespace

Ringer::Ringer(const Url& url, const Passwords& passwords, BellTerms terms)
    : name_(std::move(terms.name)),
      line_(url, passwords, std::move(terms.channel)),
      thread_([this] { run(); }) {}

Ringer::~Ringer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Ringer::ring() {
  {
    const std::lock_guard lock(mutex_);
    asked_ = true;
  }
  changed_.notify_all();
}

void Ringer::run() {
  pthread_setname_np(pthread_self(), "ringer");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || asked_; });
    if (stopping_) return;
    asked_ = false;
    lock.unlock();
    ++(send() ? sent_ : failed_);
    lock.lock();
    changed_.wait_for(lock, interval, [this] { return stopping_; });
  }
}

Status Ringer::publish() {
  if (!line_.is_open()) MUSTER_CHECK_OK(line_.open());
  MUSTER_TRY([[maybe_unused]] const Reply reply, line_.exchange({"PUBLISH", line_.channel(), name_}));
  return {};
}

Status Ringer::send() {
  if (Clock::now() < next_try_) return fail(ErrorCode::unavailable, "Redis cannot be reached");
  if (line_.is_open() && line_.has_news()) line_.give_up();
  Status sent;
  // What was open may lead to nobody, or to one who is of no use any more.
  for (int tries = line_.is_open() ? 2 : 1; tries > 0; --tries) {
    sent = publish();
    if (sent) {
      pauses_.over();
      return {};
    }
    line_.give_up();
  }
  next_try_ = Clock::now() + pauses_.next();
  return sent;
}

Listener::Listener(const Url& url, const Passwords& passwords, BellTerms terms, std::function<void()> heard)
    : name_(std::move(terms.name)),
      on_heard_(std::move(heard)),
      line_(url, passwords, std::move(terms.channel)),
      thread_([this] { run(); }) {}

Listener::~Listener() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Listener::run() {
  pthread_setname_np(pthread_self(), "listener");
  while (!stopping_) {
    const Status ended = listen();
    const bool was_listening = is_listening_.exchange(false);
    if (stopping_) return;
    // What another server takes over at once, nobody need know.
    if (!was_listening && !is_missed_) {
      log::warn("other daemons are not heard through Redis, only by looking at the store: {}",
                ended.error().detail);
      is_missed_ = true;
    }
    line_.give_up();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, pauses_.next(), [this] { return stopping_.load(); });
  }
}

Status Listener::begin() {
  MUSTER_CHECK_OK(line_.open());
  MUSTER_TRY([[maybe_unused]] const Reply reply, line_.exchange({"SUBSCRIBE", line_.channel()}));
  pauses_.over();
  is_listening_ = true;
  if (is_missed_) log::info("other daemons are heard through Redis again");
  is_missed_ = false;
  on_heard_();
  return {};
}

Status Listener::listen() {
  MUSTER_CHECK_OK(begin());
  for (int silent = 0; !stopping_;) {
    MUSTER_TRY(const auto news, line_.listen(listened_at_a_time));
    if (news) {
      silent = 0;
      take(*news);
    } else if (++silent == silent_max) {
      silent = 0;
      // If it rings just then, that is an answer too.
      MUSTER_TRY(const Reply reply, line_.exchange({"PING"}));
      take(reply);
    }
  }
  return {};
}

void Listener::take(const Reply& reply) {
  // ["message", channel, what was said]; also ["pong", ""].
  if (reply.items.size() != 3 || reply.items[0].text != "message" || reply.items[2].text == name_) return;
  ++heard_;
  on_heard_();
}

}  // namespace muster::redis
