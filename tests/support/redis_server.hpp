// SPDX-License-Identifier: Apache-2.0
/// @file Real Redis servers on free ports of 127.0.0.1, killed when the objects go: one, a primary with
/// replicas and sentinels, a cluster. One thread controls them. Constructors throw std::runtime_error, saying
/// why.
#pragma once

#include "support/process.hpp"

#include <memory>
#include <string>
#include <vector>

namespace muster::test {

class RedisServer {
 public:
  /// `options` are those of redis-server.
  explicit RedisServer(std::vector<std::string> options = {});
  void kill();
  /// Again, on the same port and what it kept.
  void start();
  /// Returns when nothing of it runs any more.
  void freeze() const;
  void thaw() const;
  /// What it says to a command, as redis-cli prints it.
  std::string say(const std::vector<std::string>& words) const;
  /// "master" or "slave"; something else while it does not answer, as when it is made the other.
  [[nodiscard]] std::string role() const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const std::vector<std::string> options_;
  TemporaryFolder folder_;  ///< Gone after the process.
  const int port_;
  std::unique_ptr<Process> process_;
};

/// A primary, two replicas and three sentinels, which call it "main" and give it up after half a second.
class RedisSentinels {
 public:
  RedisSentinels();
  [[nodiscard]] std::string url() const;
  /// One that says that it is the primary; a former one does too until the sentinels tell it.
  [[nodiscard]] RedisServer& primary() const;

  std::vector<std::unique_ptr<RedisServer>> servers;
  std::vector<std::unique_ptr<RedisServer>> sentinels;

 private:
  std::vector<TemporaryFolder> folders_;
};

/// Three primaries with a replica each.
class RedisCluster {
 public:
  RedisCluster();
  [[nodiscard]] std::string url() const;
  /// The node that has the slot, and its id in the cluster.
  [[nodiscard]] RedisServer& owner_of(int slot) const;
  [[nodiscard]] static std::string id_of(const RedisServer& node);

  std::vector<std::unique_ptr<RedisServer>> nodes;
};

}  // namespace muster::test
