// SPDX-License-Identifier: Apache-2.0
/// @file Small files of musterctl's own: where they live and how they are written. Thread-safe.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"

#include <string>
#include <string_view>

namespace muster::cmd {

/// An environment variable; empty if it is not set.
std::string environment(const char* name);

/// XDG_CONFIG_HOME/muster and XDG_STATE_HOME/muster, or where they are without those variables.
/// Error: precondition_failed when neither the variable nor HOME is set.
Result<std::string> config_folder();
Result<std::string> state_folder();

/// Makes the folder and those above it, mode 0700. Error: precondition_failed.
Status make_folder(const std::string& path);

/// At most `size_max_bytes` of it; "-" is standard input. Errors: not_found, invalid_argument (too long,
/// unreadable).
Result<std::string> read_file(const std::string& path, std::size_t size_max_bytes = 1 << 20);

/// Replaces the file in one step, mode 0600: a reader sees the old or the new content, whole.
/// Error: precondition_failed.
Status write_private_file(const std::string& path, std::string_view content);

/// The file without its last line end. Errors: those of read_file; invalid_argument when it is empty.
Result<Secret> read_secret_file(const std::string& path);

/// Holds an exclusive lock on a file as long as it lives: musterctl may run several times at once.
class FileLock {
 public:
  explicit FileLock(const std::string& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();
  /// Waits. Error: precondition_failed when the file cannot be made.
  Status lock();
  /// Does not wait; false: somebody else has it.
  Result<bool> try_lock();

 private:
  Status open();

  std::string path_;
  int file_ = -1;
};

}  // namespace muster::cmd
