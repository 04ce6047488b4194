// SPDX-License-Identifier: Apache-2.0
/// @file A small file system, for a disk that is full or read-only. Belongs to one thread.
#pragma once

#include "support/process.hpp"

#include <string>

#include <sys/mount.h>

namespace muster::test {

/// A small file system of its own. Needs to be root; without that there is none.
class SmallDisk {
 public:
  /// `options` as "size=16m".
  explicit SmallDisk(const char* options)
      : mounted_(::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options) == 0) {}
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool is_there() const { return mounted_; }
  [[nodiscard]] std::string path() const { return folder_.path(); }
  [[nodiscard]] bool make_read_only() const {
    return ::mount("tmpfs", path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  TemporaryFolder folder_;
  bool mounted_;
};

}  // namespace muster::test
