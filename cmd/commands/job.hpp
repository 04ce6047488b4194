// SPDX-License-Identifier: Apache-2.0
/// @file Waiting for a job of the daemon.
#pragma once

#include "base/time.hpp"
#include "cmd/command.hpp"
#include "cmd/generic.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace muster::cmd {

/// Shows progress until the job has ended, and prints it then. Ctrl-C and `runtime_max` end the watching, not
/// the job. Exit: done; failed (the job failed or was cancelled); unreachable (the time was up).
Result<wire::Exit> follow_job(Run& run, const std::string& id,
                              std::optional<std::chrono::microseconds> runtime_max);

/// --max-runtime and its value.
Option runtime_max_option();
Result<std::optional<std::chrono::microseconds>> runtime_option(const Run& run);

/// --wait, --no-wait and --max-runtime, for a command that begins a job; `until` ends "Wait until".
void add_waiting_options(Command& command, const std::string& until);
/// Sends the request that begins a job, and follows that if those options, or their defaults, say so.
Result<wire::Exit> begin_job(Run& run, const ops::OperationDescription& operation, const Prepared& prepared);

}  // namespace muster::cmd
