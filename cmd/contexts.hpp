// SPDX-License-Identifier: Apache-2.0
/// @file Named servers, kept in XDG_CONFIG_HOME/muster/contexts.json. Not thread-safe.
#pragma once

#include "base/fields.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace muster::cmd {

struct ServerContext {
  std::string name;
  std::string server;
  std::optional<std::string> certificate_authority_file;

  static constexpr auto fields() {
    using Self = ServerContext;
    return std::tuple{field("name", &Self::name, "The context's name").length(1, 64),
                      field("server", &Self::server, "unix:PATH, https://HOST:PORT or http://HOST:PORT"),
                      field("ca_file", &Self::certificate_authority_file, "PEM file of trusted authorities")};
  }
};

struct Contexts {
  std::optional<std::string> current;
  std::vector<ServerContext> contexts;

  static constexpr auto fields() {
    return std::tuple{field("current", &Contexts::current, "The context that is used"),
                      field("contexts", &Contexts::contexts, "All contexts")};
  }
  [[nodiscard]] const ServerContext* find(const std::string& name) const;
};

/// None when there is no file yet. Error: precondition_failed when it cannot be understood.
Result<Contexts> load_contexts();
Status save_contexts(const Contexts& contexts);

}  // namespace muster::cmd
