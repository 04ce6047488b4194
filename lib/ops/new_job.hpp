// SPDX-License-Identifier: Apache-2.0
/// @file How an operation begins a job: stored in one transaction with its audit record, run after the
/// commit.
#pragma once

#include "model/job.hpp"
#include "ops/call.hpp"

#include <optional>
#include <string>

namespace muster::ops {

/// `kind` is one of job_kinds.cpp. `noted`: JSON that a plan and the audit log show in the job's place.
Result<model::Job> start_job(Context& context, Call& call, const std::string& kind,
                             const JsonObject& parameters,
                             const std::optional<std::string>& noted = std::nullopt);

}  // namespace muster::ops
