// SPDX-License-Identifier: Apache-2.0
/// @file The daemon's life: start, ready, reload, drain, stop. For the main thread.
#pragma once

#include "assembly/load_config.hpp"

namespace muster::daemon {

/// Serves until SIGTERM or SIGINT; the status to exit with. What went wrong is on standard error.
int serve(const assembly::ConfigSources& sources);

}  // namespace muster::daemon
