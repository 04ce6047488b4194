// SPDX-License-Identifier: Apache-2.0
/// @file The daemons that serve this installation, as each says of itself. Their beats are held against the
/// database's clock alone.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::ports {

struct NodeRecord {
  std::string id;  ///< Of the data folder: a daemon that starts again takes its former record's place.
  std::string name;
  std::string version;
  std::vector<std::string> addresses;
  Time started_at;
  Time beat_at;            ///< By the database's clock.
  Duration max_staleness;  ///< Without news for so long, it refuses every token.
  std::int64_t epoch = 0;  ///< Of revocations: it has all up to this one in force.
  std::int64_t seq = 0;    ///< Of the audit chain: it has followed it so far.
  bool draining = false;   ///< An operator wants no more requests to be sent to it.

  bool operator==(const NodeRecord&) const = default;
};

enum class Draining : std::uint8_t { no, yes };

class NodeStore {
 public:
  virtual ~NodeStore() = default;

  /// The database's clock.
  virtual Result<Time> now() = 0;
  /// By name, then by id.
  virtual Result<std::vector<NodeRecord>> list() = 0;
  /// Adds it, or puts it in the place of the one with its id.
  virtual Status put(const NodeRecord& node) = 0;
  /// Stores beat_at, addresses, epoch and seq; false: there is none with that id any more.
  virtual Result<bool> beat(const NodeRecord& node) = 0;
  /// False: there is none.
  virtual Result<bool> set_draining(const std::string& id, Draining draining) = 0;
  virtual Result<bool> remove(const std::string& id) = 0;
  /// Asks every daemon to say how far it is as soon as it has all in force that was there before.
  virtual Status await() = 0;
};

}  // namespace muster::ports
