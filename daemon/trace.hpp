// SPDX-License-Identifier: Apache-2.0
/// @file Trace ids: the caller's from a W3C `traceparent`, or a new one. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::daemon {

/// The trace id of a well-formed traceparent; nothing otherwise.
std::optional<std::string_view> trace_id_of(std::string_view traceparent);
/// 32 hexadecimal digits. Unique, not secret.
std::string new_trace_id();

}  // namespace muster::daemon
