// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/file_lock.hpp"

#include "base/system_reason.hpp"

#include <array>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace muster::sqlite {

Result<FileLock> FileLock::acquire(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(ErrorCode::unavailable, path + ": cannot be made: " + system_reason());
  FileLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> holder{};
    const ssize_t size = ::pread(descriptor, holder.data(), holder.size() - 1, 0);
    std::string who =
        size > 0 ? " (process " + std::string(holder.data(), static_cast<std::size_t>(size)) + ")" : "";
    return fail(ErrorCode::unavailable, database_path + ": is in use by another musterd" + who +
                                            "; stop it first, or name another data folder");
  }
  const std::string process = std::to_string(::getpid());
  // Only for people: the lock holds without it.
  if (::ftruncate(descriptor, 0) == 0 && ::pwrite(descriptor, process.data(), process.size(), 0) < 0)
    return lock;
  return lock;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace muster::sqlite
