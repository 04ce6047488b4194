// SPDX-License-Identifier: Apache-2.0
/// @file Points in time and spans as people write them. A Time is UTC with microseconds; text is
/// RFC 3339. Durations are written `15m`, sizes `64MiB`.
/// Pure functions: thread-safe.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster {

using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;

/// `2026-01-31T23:59:59Z`, with a fraction of up to six digits only where there is one.
std::string format_time(Time time);

/// RFC 3339 with any offset; the years 1970 to 9999. Error: invalid_argument with no field set.
Result<Time> parse_time(std::string_view text);

/// `90s`, `15m`, `12h`, `30d`, `250ms`, `0s`, and sums such as `1h30m`. Error: invalid_argument.
Result<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);

/// `512`, `64KiB`, `64MiB`, `2GiB`: bytes. Error: invalid_argument.
Result<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t size_bytes);

}  // namespace muster
