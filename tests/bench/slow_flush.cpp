// SPDX-License-Identifier: Apache-2.0
// Preloaded, it makes a fast disk behave like a slower one: fdatasync and fsync take
// MUSTER_FLUSH_MICROSECONDS longer. So a figure that depends on the disk can be had at a known speed of it.
#include <chrono>
#include <cstdlib>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

namespace {

int flush(long call, int file) {
  const char* const text = std::getenv("MUSTER_FLUSH_MICROSECONDS");
  std::this_thread::sleep_for(std::chrono::microseconds(text != nullptr ? std::atol(text) : 0));
  return static_cast<int>(::syscall(call, file));
}

}  // namespace

extern "C" int fdatasync(int file) {
  return flush(SYS_fdatasync, file);
}

extern "C" int fsync(int file) {
  return flush(SYS_fsync, file);
}
