// SPDX-License-Identifier: Apache-2.0
/// @file Does something for each of several databases, some at a time. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>

namespace muster::sharded {

/// Calls work(0) ... work(count - 1), at most `at_once_max` at a time and one of them on the caller's thread;
/// returns when all have returned. `work` must not throw.
void fan_out(std::size_t count, std::size_t at_once_max, const std::function<void(std::size_t)>& work);

}  // namespace muster::sharded
