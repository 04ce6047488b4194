// SPDX-License-Identifier: Apache-2.0
/// @file Redis as others use it: commands, pipelines and scripts, sent to the server that has their key,
/// wherever that is by now. Every call ends within a few times the command's time. Thread-safe.
#pragma once

#include "adapters/redis/courier.hpp"
#include "adapters/redis/topology.hpp"

#include <span>
#include <string>
#include <vector>

namespace muster::redis {

/// Whether a command may be carried out twice: it is then sent again when it is unknown whether it was.
enum class Repeat : std::uint8_t { never, harmless };

struct Command {
  std::string key;  ///< That it is about; others in `words` must have the same hash tag.
  Words words;
  Repeat repeat = Repeat::never;
};

/// Lua that a server keeps under its digest.
class Script {
 public:
  explicit Script(std::string text) : text_(std::move(text)) {}

 private:
  friend class Client;
  const std::string text_;
  std::mutex mutex_;
  std::string digest_;  ///< As the first server said.
};

class Client {
 public:
  explicit Client(const Url& url, const Passwords& passwords = {})
      : topology_(make_topology(url, passwords)) {}

  /// Errors: unavailable, overloaded, deadline_exceeded; conflict (the account is refused); internal (the
  /// server says that the command is wrong, in the detail).
  Result<Reply> run(const Command& command);
  /// Those of one server are sent at once; each has its own outcome.
  std::vector<Result<Reply>> run_all(std::span<const Command> commands);
  /// Asks once, where the key is known to be, without waiting (courier.hpp): on a thread that runs a loop,
  /// which must end before the client does. Nothing is looked up or sent again, and a server that is left out
  /// stays so until others try it. False, and the asker stays with the caller, where that is not possible
  /// now.
  bool ask(std::string_view key, std::span<const std::string_view> words, std::unique_ptr<Asker>& asker);
  /// `keys` have one hash tag.
  Result<Reply> run(Script& script, const Words& keys, const Words& arguments, Repeat repeat = Repeat::never);

  [[nodiscard]] std::vector<std::shared_ptr<Node>> nodes() const { return topology_->nodes(); }
  [[nodiscard]] const Errands& errands() const { return errands_; }

 private:
  struct Direction;
  enum class Next : std::uint8_t { take, again };
  Next judge(const Reply& reply, const Node& node, Direction& direction);
  Result<std::string> digest_of(Script& script, const std::string& key, bool anew);

  std::unique_ptr<Topology> topology_;
  Errands errands_;
};

}  // namespace muster::redis
