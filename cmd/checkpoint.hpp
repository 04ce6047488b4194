// SPDX-License-Identifier: Apache-2.0
/// @file How far bulk work got, in XDG_STATE_HOME/muster, by file, size and modification time: a file that
/// was changed begins anew. Not thread-safe.
#pragma once

#include "base/fields.hpp"
#include "base/result.hpp"
#include "cmd/files.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

namespace muster::cmd {

struct Checkpoint {
  std::string work;
  std::string file;
  std::int64_t size_bytes = 0;
  std::int64_t modified_ns = 0;
  std::int64_t offset_bytes = 0;  ///< Every row before it was answered.
  std::int64_t line = 1;
  std::string header;
  std::int64_t done = 0;
  std::int64_t unchanged = 0;
  std::int64_t failed = 0;

  static constexpr auto fields() {
    using Self = Checkpoint;
    return std::tuple{field("work", &Self::work, "What is done"),
                      field("file", &Self::file, "The file"),
                      field("size_bytes", &Self::size_bytes, "Its size"),
                      field("modified_ns", &Self::modified_ns, "When it was changed"),
                      field("offset_bytes", &Self::offset_bytes, "Everything before it was answered"),
                      field("line", &Self::line, "The line there"),
                      field("header", &Self::header, "The CSV header").length(0, 1 << 20),
                      field("done", &Self::done, "Rows done"),
                      field("unchanged", &Self::unchanged, "Rows with nothing to do"),
                      field("failed", &Self::failed, "Rows that failed")};
  }
};

class CheckpointFile {
 public:
  /// For standard input, which cannot be resumed, nothing is kept.
  CheckpointFile(std::string work, const std::string& source);

  /// Takes the file for this process. False: another musterctl works on it.
  Result<bool> acquire();
  /// What was remembered of the file as it is now.
  Result<std::optional<Checkpoint>> load();
  Status save(Checkpoint checkpoint);
  void forget();
  [[nodiscard]] std::uint64_t size_bytes() const { return static_cast<std::uint64_t>(identity_.size_bytes); }

 private:
  Checkpoint identity_;
  std::string path_;  ///< Empty: nothing is kept.
  std::optional<FileLock> lock_;
};

}  // namespace muster::cmd
