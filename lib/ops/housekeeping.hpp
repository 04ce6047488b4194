// SPDX-License-Identifier: Apache-2.0
/// @file What must be done now and then while the daemon runs: expired things go, keys are rotated when it is
/// time, the clock's mark and the audit log's head are remembered.
#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

#include <chrono>
#include <string_view>

namespace muster::ops {

struct Context;

/// In the store's meta: the time in microseconds since 1970 below which the clock of a later process must not
/// fall. Decimal.
inline constexpr std::string_view clock_mark_name = "clock_mark";
/// In the store's meta, sealed: the audit log's head as it was last seen whole.
inline constexpr std::string_view audit_mark_name = "audit_mark";

/// How long ended sessions are kept, so that a late use of their refresh token is told what happened.
inline constexpr std::chrono::hours ended_session_kept{24};

/// Called every few seconds by one thread. Its work is bounded; what is left waits for the next call. An idle
/// store is written to once a minute.
Status tidy_once(Context& context);

}  // namespace muster::ops
