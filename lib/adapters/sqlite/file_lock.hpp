// SPDX-License-Identifier: Apache-2.0
/// @file Keeps a second daemon off a database: an exclusive lock on `PATH.lock`, which the system releases
/// when the process ends, however it ends. Other programs may still read the database. Not thread-safe.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>

namespace muster::sqlite {

class FileLock {
 public:
  /// Error: unavailable (held by another, with its process id; or the file cannot be made).
  static Result<FileLock> acquire(const std::string& database_path);
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace muster::sqlite
