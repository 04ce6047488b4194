// SPDX-License-Identifier: Apache-2.0
/// @file Reads the operator's own list of breached passwords. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "model/password.hpp"

#include <memory>
#include <string>

namespace muster::assembly {

/// How many lines such a file may have: eight bytes of memory are kept of each.
inline constexpr std::size_t breached_lines_max = 50'000'000;

/// One password a line, UTF-8. Nothing where `path` is empty. Error: invalid_argument at
/// password.breached_file.
Result<std::shared_ptr<const model::BreachedList>> read_breached_file(const std::string& path);

}  // namespace muster::assembly
