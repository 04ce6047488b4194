// SPDX-License-Identifier: Apache-2.0
/// @file The command line of musterd. For the main thread.
#pragma once

#include "assembly/load_config.hpp"

#include <optional>
#include <string>

namespace muster::daemon {

enum class Task : std::uint8_t { serve, check_config, print_config, generate };

struct Options {
  Task task = Task::serve;
  assembly::ConfigSources sources;
  std::string generate;  ///< "man5", "man8", "sample" or "openapi".
};

/// Either the options, or the status to exit with (help, version and usage errors were printed).
struct ParsedCommandLine {
  std::optional<Options> options;
  int exit_status = 0;
};

ParsedCommandLine parse_command_line(int argc, const char* const* argv);
/// man 8 musterd, in roff.
std::string daemon_manual();

}  // namespace muster::daemon
