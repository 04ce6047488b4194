// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/client.hpp"

#include <charconv>
#include <condition_variable>
#include <map>

namespace muster::redis {
namespace {

// Of one command: a failover or a slot on its way takes two or three.
constexpr int attempts_max = 6;

Result<Reply> outcome_of(Reply reply) {
  if (!reply.is_error()) return reply;
  return fail(ErrorCode::internal, "internal error", "redis: " + reply.text);
}

/// "MOVED 3999 127.0.0.1:6381", "ASK ...": the slot and where it is.
struct Pointer {
  std::uint16_t slot = 0;
  Host host;
};

std::optional<Pointer> pointer_of(std::string_view text, const Host& from) {
  address::cut(text, ' ');
  const auto slot = address::cut(text, ' ');
  const auto colon = text.rfind(':');
  if (!slot || colon == std::string_view::npos) return std::nullopt;
  Pointer out;
  std::from_chars(slot->data(), slot->data() + slot->size(), out.slot);
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), out.host.port);
  out.host.name = text.substr(0, colon);
  // A node that does not know its own address says only the port.
  if (out.host.name.empty()) out.host.name = from.name;
  if (out.slot >= key_slots || out.host.port == 0) return std::nullopt;
  return out;
}

bool begins_with_any(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view each : words)
    if (text.starts_with(each)) return true;
  return false;
}

/// 5 ms, 10, 20, ...
void pause(int waits) {
  constexpr std::chrono::milliseconds first{5};
  std::mutex mutex;
  std::condition_variable nobody;
  std::unique_lock lock(mutex);
  nobody.wait_for(lock, first * (1 << waits));
}

}  // namespace

/// Where to send it the next time.
struct Client::Direction {
  std::shared_ptr<Node> node;  ///< Null: where its key is.
  bool asking = false;
  int waits = 0;
};

Client::Next Client::judge(const Reply& reply, const Node& node, Direction& direction) {
  direction.node.reset();
  direction.asking = false;
  if (!reply.is_error()) return Next::take;
  const std::string_view text = reply.text;
  const bool moved = text.starts_with("MOVED ");
  if (moved || text.starts_with("ASK ")) {
    const auto pointer = pointer_of(text, node.host());
    if (!pointer) return Next::take;
    if (moved) topology_->note_moved(pointer->slot, pointer->host);
    direction.node = topology_->node_at(pointer->host);
    direction.asking = !moved;
    return Next::again;
  }
  // It was a primary.
  if (text.starts_with("READONLY ")) {
    topology_->note_failure(node);
    return Next::again;
  }
  if (begins_with_any(text, {"TRYAGAIN ", "CLUSTERDOWN ", "LOADING ", "MASTERDOWN "})) {
    pause(direction.waits++);
    return Next::again;
  }
  return Next::take;
}

Result<Reply> Client::run(const Command& command) {
  Direction direction;
  std::optional<Error> last;
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    std::shared_ptr<Node> node = direction.node;
    if (!node) {
      MUSTER_TRY(node, topology_->node_of(command.key));
    }
    std::vector<Words> words;
    if (direction.asking) words.push_back({"ASKING"});
    words.push_back(command.words);
    auto replies = node->exchange(words);
    if (!replies) {
      topology_->note_failure(*node);
      const bool may_repeat =
          replies.error().outcome == Outcome::not_done || command.repeat == Repeat::harmless;
      // It is tried again where the key is then; at the same server, which is known not to answer, in vain.
      direction = {};
      const auto now = topology_->node_of(command.key);
      if (!may_repeat || !now || *now == node) return fail(std::move(replies.error().error));
      last = std::move(replies.error().error);
      continue;
    }
    if (judge(replies->back(), *node, direction) == Next::take) return outcome_of(std::move(replies->back()));
    last = Error{ErrorCode::unavailable, "Redis is busy", "redis: " + replies->back().text, {}, {}};
  }
  return fail(std::move(*last));
}

std::vector<Result<Reply>> Client::run_all(std::span<const Command> commands) {
  std::vector<Result<Reply>> out(commands.size(), Reply());
  std::map<std::shared_ptr<Node>, std::vector<std::size_t>> by_node;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    auto node = topology_->node_of(commands[i].key);
    if (node)
      by_node[*node].push_back(i);
    else
      out[i] = fail(node.error());
  }
  for (const auto& [node, indexes] : by_node) {
    std::vector<Words> words;
    for (const std::size_t i : indexes) words.push_back(commands[i].words);
    auto replies = node->exchange(words);
    if (!replies) topology_->note_failure(*node);
    for (std::size_t at = 0; at < indexes.size(); ++at) {
      const std::size_t i = indexes[at];
      if (!replies) {
        const bool may_repeat =
            replies.error().outcome == Outcome::not_done || commands[i].repeat == Repeat::harmless;
        const auto now = topology_->node_of(commands[i].key);
        const bool elsewhere = now && *now != node;
        out[i] = may_repeat && elsewhere ? run(commands[i]) : Result<Reply>(fail(replies.error().error));
        continue;
      }
      Direction direction;
      Reply& reply = (*replies)[at];
      out[i] = judge(reply, *node, direction) == Next::take ? outcome_of(std::move(reply)) : run(commands[i]);
    }
  }
  return out;
}

bool Client::ask(std::string_view key, std::span<const std::string_view> words,
                 std::unique_ptr<Asker>& asker) {
  auto* const loop = loop::Loop::current();
  if (loop == nullptr) return false;
  auto node = topology_->known_node_of(key);
  if (!node) return false;
  const void* const name = node.get();
  loop::Guest* courier = loop->guest(name);
  if (courier == nullptr)
    courier = &loop->keep(name, std::make_unique<Courier>(*loop, std::move(node), errands_));
  return static_cast<Courier&>(*courier).post(words, asker);
}

Result<std::string> Client::digest_of(Script& script, const std::string& key, bool anew) {
  if (!anew) {
    const std::lock_guard lock(script.mutex_);
    if (!script.digest_.empty()) return script.digest_;
  }
  MUSTER_TRY(Reply reply, run({key, {"SCRIPT", "LOAD", script.text_}, Repeat::harmless}));
  const std::lock_guard lock(script.mutex_);
  script.digest_ = reply.text;
  return std::move(reply.text);
}

Result<Reply> Client::run(Script& script, const Words& keys, const Words& arguments, Repeat repeat) {
  const std::string key = keys.empty() ? std::string() : keys.front();
  for (int attempt = 0;; ++attempt) {
    MUSTER_TRY(const std::string digest, digest_of(script, key, attempt > 0));
    Command command{key, {"EVALSHA", digest, std::to_string(keys.size())}, repeat};
    command.words.insert(command.words.end(), keys.begin(), keys.end());
    command.words.insert(command.words.end(), arguments.begin(), arguments.end());
    auto reply = run(command);
    // Another server than the one that was told it, or one that was restarted.
    const bool unknown = !reply && reply.error().detail.find("redis: NOSCRIPT") == 0;
    if (!unknown || attempt == 2) return reply;
  }
}

}  // namespace muster::redis
