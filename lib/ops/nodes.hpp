// SPDX-License-Identifier: Apache-2.0
/// @file Shows the configuration in force and the daemons that serve this installation.
#pragma once

#include "ops/call.hpp"
#include "ops/changed.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace muster::ops {

enum class NodeState : std::uint8_t {
  ready,
  unready,   ///< It runs, but cannot serve all requests.
  draining,  ///< It serves what comes, and wants no more.
  gone,      ///< Nothing was heard of it for some seconds.
};

}  // namespace muster::ops

template <>
struct muster::EnumWords<muster::ops::NodeState> {
  using enum ops::NodeState;
  static constexpr std::array<std::pair<ops::NodeState, std::string_view>, 4> words{
      {{ready, "ready"}, {unready, "unready"}, {draining, "draining"}, {gone, "gone"}}};
};

namespace muster::ops {

struct ConfigSetting {
  std::string name;
  std::string value;
  std::string source;
  bool reloads = false;

  static constexpr auto fields() {
    return std::tuple{
        field("name", &ConfigSetting::name, "The field, such as http.listen"),
        field("value", &ConfigSetting::value, "The value in force; of a secret, whether it is set"),
        field("source", &ConfigSetting::source, "Where it came from: a line, a variable, a flag or default"),
        field("reloads", &ConfigSetting::reloads, "Whether SIGHUP puts a change in force")};
  }
};

struct ShowConfig {
  using Request = Empty;
  using Reply = Page<ConfigSetting>;

  static constexpr OperationInfo info{.name = "show_config",
                                      .summary = "Show every field of the configuration in force",
                                      .method = "GET",
                                      .path = "/v1/admin/config",
                                      .needs = "read:config",
                                      .command = "config show"};

  /// Error: unavailable (no daemon serves this installation).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct Node {
  std::string name;
  NodeState state = NodeState::ready;
  std::string version;
  std::vector<std::string> addresses;
  Time started_at;
  std::int64_t revocation_epoch = 0;
  std::int64_t revocations_behind = 0;
  std::int64_t changes_behind = 0;
  std::int64_t silent_ms = 0;
  bool ready = false;
  std::string id;

  static constexpr auto fields() {
    return std::tuple{
        field("name", &Node::name, "The daemon's name"),
        field("state", &Node::state, "Whether it serves requests"),
        field("version", &Node::version, "Its version"),
        field("addresses", &Node::addresses, "Where it listens"),
        field("started_at", &Node::started_at, "Since when it runs"),
        field("revocation_epoch", &Node::revocation_epoch, "The latest revocation it enforces"),
        field("revocations_behind", &Node::revocations_behind,
              "How many later ones there are; it says every second how far it is"),
        field("changes_behind", &Node::changes_behind, "The same of all changes"),
        field("silent_ms", &Node::silent_ms, "For how long nothing was heard of it, in milliseconds"),
        field("id", &Node::id, "What names it when several have its name"),
        field("ready", &Node::ready, "Whether its state is ready")};
  }
};

struct ListNodes {
  using Request = Empty;
  using Reply = Page<Node>;

  static constexpr OperationInfo info{.name = "list_nodes",
                                      .summary = "List the daemons that serve this installation",
                                      .method = "GET",
                                      .path = "/v1/admin/nodes",
                                      .needs = "read:node",
                                      .command = "node list"};

  /// Error: unavailable (no daemon serves this installation).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct DrainNode {
  struct Request {
    std::string name;

    static constexpr auto fields() {
      return std::tuple{field("name", &Request::name, "The daemon's name, or its id").length(1, 128)};
    }
  };
  using Reply = Changed;

  static constexpr OperationInfo info{
      .name = "drain_node",
      .summary = "Have a daemon say that it is not ready, so that no more requests are sent to it",
      .method = "POST",
      .path = "/v1/admin/nodes/{name}/drain",
      .needs = "drain:node",
      .command = "node drain",
      .help =
          "Within a second its /readyz says 503, for balancers; it goes on to serve what comes. To end it, "
          "stop it; once it is started again, or undrained, it is ready."};

  /// Errors: not_found, conflict (several have that name), precondition_failed (there is no other daemon).
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

struct UndrainNode {
  using Request = DrainNode::Request;
  using Reply = Changed;

  static constexpr OperationInfo info{.name = "undrain_node",
                                      .summary = "Have a daemon that was drained say that it is ready again",
                                      .method = "DELETE",
                                      .path = "/v1/admin/nodes/{name}/drain",
                                      .needs = "drain:node",
                                      .command = "node undrain",
                                      .help = "Within a second its /readyz no longer says 503 for that."};
  static Result<Reply> run(Context& context, Call& call, const Request& request);
};

}  // namespace muster::ops
