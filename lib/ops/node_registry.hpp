// SPDX-License-Identifier: Apache-2.0
/// @file The daemons that share this one's store. Each keeps a record of itself there and lets it beat; by it
/// operators see who is there and how far behind, and whoever revoked waits until all have it in force. That
/// wait is only sooner to end than the bound after which a daemon without news refuses every token: it is
/// never longer, and nothing that is revoked depends on it. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "ports/node_store.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace muster::ports {
class Unit;
}

namespace muster::ops {

struct Context;

/// A record with what its beats say.
struct SeenNode {
  ports::NodeRecord record;
  Duration silent_for{};  ///< By the database's clock.

  [[nodiscard]] bool is_gone() const;
};

/// How a wait for all daemons ended.
struct Acknowledged {
  std::int64_t nodes = 0;  ///< How many have it in force; the others refuse every token until they have.
  std::string slowest_node;
  std::chrono::microseconds slowest{0};
};

class NodeRegistry {
 public:
  struct Self {
    std::string id;
    std::string name;
    Duration max_staleness{};
  };

  NodeRegistry(Context& context, Self self);
  NodeRegistry(const NodeRegistry&) = delete;
  NodeRegistry& operator=(const NodeRegistry&) = delete;

  /// Makes this daemon's record, before it polls for the first time: who revokes from then on waits for it.
  Status enter();
  /// Where this daemon listens, once it does.
  void announce(std::vector<std::string> addresses);
  /// Stores how far this daemon is, makes its record again if others thought it gone, forgets those that have
  /// been gone for long, and learns what an operator wants of this one.
  Status beat();
  /// Removes the record: nobody waits for this daemon any more, which serves nothing from now on.
  void leave();
  /// Whether somebody has asked how far this daemon is, and was not answered yet.
  [[nodiscard]] bool is_awaited() const;

  [[nodiscard]] bool is_draining() const { return draining_; }
  [[nodiscard]] const Self& self() const { return self_; }

  /// By name, then by id.
  Result<std::vector<SeenNode>> list();
  /// Whether no daemon with that id runs, as the unit sees it.
  static Result<bool> is_gone(ports::Unit& unit, const std::string& id);
  /// Returns when all daemons have that epoch in force, which is durable, or refuse every token.
  Result<Acknowledged> await(std::int64_t epoch);

  /// Called when others should look at the store now.
  void on_urgent(std::function<void()> hurry) { hurry_ = std::move(hurry); }

 private:
  [[nodiscard]] ports::NodeRecord record() const;
  Status remove(const std::string& id);
  Status forget_gone(const std::vector<SeenNode>& nodes);

  Context& context_;
  const Self self_;
  std::atomic<bool> draining_{false};
  std::atomic<std::int64_t> answered_{0};  ///< What was asked, as of the last beat.
  std::mutex beating_;
  bool entered_ = false;
  Time started_at_;
  std::vector<std::string> addresses_;
  std::function<void()> hurry_;
  std::mutex leaving_mutex_;
  std::condition_variable leaving_;
  bool has_left_ = false;
};

}  // namespace muster::ops
