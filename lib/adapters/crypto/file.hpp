// SPDX-License-Identifier: Apache-2.0
/// @file An open file that closes itself. Belongs to one thread.
#pragma once

#include "base/secret.hpp"

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace muster::crypto {

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  explicit operator bool() const { return descriptor_ >= 0; }
  [[nodiscard]] int get() const { return descriptor_; }

  /// False leaves the reason in errno.
  [[nodiscard]] bool write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno != EINTR) return false;
      if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  /// Nothing leaves the reason in errno.
  [[nodiscard]] std::optional<Secret> read_at_most(std::size_t size_bytes) const {
    std::string out(size_bytes, '\0');
    std::size_t filled = 0;
    while (filled < size_bytes) {
      const ssize_t got = ::read(descriptor_, out.data() + filled, size_bytes - filled);
      if (got < 0 && errno != EINTR) return std::nullopt;
      if (got == 0) break;
      if (got > 0) filled += static_cast<std::size_t>(got);
    }
    out.resize(filled);
    return Secret(std::move(out));
  }

 private:
  int descriptor_;
};

}  // namespace muster::crypto
