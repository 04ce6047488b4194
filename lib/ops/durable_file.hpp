// SPDX-License-Identifier: Apache-2.0
/// @file Small files that are there whole or not at all, whatever happens meanwhile. Thread-safe.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace muster::ops {

/// Flushes a file or folder to disk. Error: unavailable.
Status flush_to_disk(const std::string& path);
/// Writes the file, mode 0600, in the place of one that may be there. Error: unavailable.
Status replace_file(const std::string& path, std::string_view text);
/// Renames within one folder, durable when it returns. Error: unavailable.
Status move_file(const std::string& from, const std::string& to);

}  // namespace muster::ops
