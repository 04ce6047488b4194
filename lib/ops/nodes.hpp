// SPDX-License-Identifier: Apache-2.0
/// @file Shows the configuration in force and the daemons that serve this installation.
#pragma once

#include "ops/call.hpp"
#include "ops/operation.hpp"
#include "ops/page.hpp"

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
  std::string version;
  std::vector<std::string> addresses;
  Time started_at;
  std::int64_t revocation_epoch = 0;
  bool ready = false;

  static constexpr auto fields() {
    return std::tuple{field("name", &Node::name, "The daemon's name"),
                      field("version", &Node::version, "Its version"),
                      field("addresses", &Node::addresses, "Where it listens"),
                      field("started_at", &Node::started_at, "Since when it runs"),
                      field("revocation_epoch", &Node::revocation_epoch, "The latest revocation it enforces"),
                      field("ready", &Node::ready, "Whether it serves requests")};
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

}  // namespace muster::ops
