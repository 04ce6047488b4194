// SPDX-License-Identifier: Apache-2.0
/// @file The few file operations that durability needs. Thread-safe. Error: unavailable, naming the file.
#pragma once

#include "base/result.hpp"

#include <string>

namespace muster::sqlite {

/// The folder a path lies in; "." for a bare name.
std::string folder_of(const std::string& path);
/// Makes an empty file with mode 0600; one that is there already is left alone.
Status create_private_file(const std::string& path);
/// Flushes a file or folder to disk.
Status sync_path(const std::string& path);
/// Whether both are there, with the same content.
bool have_same_bytes(const std::string& path, const std::string& other);
/// Puts `from` in the place of `to` in one step, and makes that durable.
Status replace_file(const std::string& from, const std::string& to);
/// Copies to a new file, mode 0600, and flushes it.
Status copy_file(const std::string& from, const std::string& to);

}  // namespace muster::sqlite
