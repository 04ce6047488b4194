// SPDX-License-Identifier: Apache-2.0
/// @file From a file, the environment and flags to a checked Config. Everything that is wrong is reported at
/// once, each with its place and what is allowed there. Reads files, so not for a reactor thread.
#pragma once

#include "assembly/config.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace muster::assembly {

/// Later ones win: file, environment, flags.
struct ConfigSources {
  std::optional<std::string> file = {};
  std::vector<std::pair<std::string, std::string>> environment =
      {};  ///< All of it; MUSTER_ names are looked at.
  struct Flag {
    std::string flag;   ///< "--listen"
    std::string field;  ///< "http.listen"
    std::string value;
  };
  std::vector<Flag> flags = {};
};

/// The process's environment as ConfigSources wants it.
std::vector<std::pair<std::string, std::string>> process_environment();

struct LoadedConfig {
  Config config;
  std::vector<std::string> origins;   ///< For each of config_fields(): "default", "muster.conf:12", ...
  std::vector<std::string> warnings;  ///< MUSTER_ variables that look like a field and are none.
};

/// Error: invalid_argument; its fields are the problems, its message all of them, one a line:
/// `muster.conf:12: http.workers: must be a whole number from 1 to 1024`.
Result<LoadedConfig> load_config(const ConfigSources& sources);

/// What the fields must satisfy together and on this machine (files, folders, lengths of socket paths).
/// Error: invalid_argument, as above.
Status check_config(const LoadedConfig& loaded);

/// The fields in which two configurations differ.
std::vector<const ConfigField*> changed_fields(const Config& before, const Config& after);

}  // namespace muster::assembly
