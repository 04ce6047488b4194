// SPDX-License-Identifier: Apache-2.0
/// @file The threads that follow what other daemons write (ops/feed.hpp) and say how far this one is
/// (ops/node_registry.hpp). One may wait for the database's writer while the other goes on reading. start and
/// stop are for one thread; wake() is thread-safe.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace muster::ops {
class Feed;
class NodeRegistry;
}  // namespace muster::ops

namespace muster::assembly {

class Follower {
 public:
  Follower(ops::Feed& feed, ops::NodeRegistry& nodes, std::chrono::microseconds interval)
      : feed_(feed), nodes_(nodes), interval_(interval) {}
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  ~Follower() { stop(); }

  void start();
  void stop();
  /// However often it is woken, it rests so long between two polls: as between the most frequent that can be
  /// configured.
  static constexpr std::chrono::milliseconds rest_min{5};

  /// Polls at once, without waiting for it; those that have to wait are one.
  void wake();

 private:
  void follow();
  void beat();
  /// Until it is woken, but not before `least`, and for `time` at most. False when it is to end.
  bool rest(std::chrono::microseconds least, std::chrono::microseconds time, bool& is_woken);

  ops::Feed& feed_;
  ops::NodeRegistry& nodes_;
  const std::chrono::microseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool poll_now_ = false;
  bool beat_now_ = false;
  std::thread following_;
  std::thread beating_;
};

}  // namespace muster::assembly
