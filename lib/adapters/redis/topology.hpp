// SPDX-License-Identifier: Apache-2.0
/// @file Which server a key is at: always the same one, the primary that sentinels name, or the one that has
/// the key's slot of a cluster. What is known is kept until it proves wrong. Thread-safe.
#pragma once

#include "adapters/redis/node.hpp"
#include "adapters/redis/url.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace muster::redis {

constexpr std::size_t key_slots = 16'384;

/// The slot of a key in a cluster: CRC-16/XMODEM of the part between the first { and the next }, if there is
/// something between them, else of all of it (Redis Cluster specification, "Hash tags").
std::uint16_t slot_of_key(std::string_view key);

class Topology {
 public:
  virtual ~Topology() = default;

  /// Error: unavailable, when nobody can tell.
  virtual Result<std::shared_ptr<Node>> node_of(std::string_view key) = 0;
  /// The same without asking anybody; null when it is not known.
  virtual std::shared_ptr<Node> known_node_of(std::string_view key) = 0;
  /// The node that another one points to.
  virtual std::shared_ptr<Node> node_at(const Host& host) = 0;
  /// The slot is there now, as its former node says.
  virtual void note_moved(std::uint16_t slot, const Host& host) = 0;
  /// This node failed, or is not what it was.
  virtual void note_failure(const Node& node) = 0;
  [[nodiscard]] virtual std::vector<std::shared_ptr<Node>> nodes() const = 0;
};

struct Passwords {
  Secret server;
  Secret sentinel;
};

std::unique_ptr<Topology> make_topology(const Url& url, const Passwords& passwords);

}  // namespace muster::redis
