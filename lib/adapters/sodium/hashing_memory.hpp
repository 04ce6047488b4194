// SPDX-License-Identifier: Apache-2.0
/// @file Memory that Argon2 uses again. libsodium maps its block for each hash and unmaps it after: at the
/// default cost half of a hash's time is the kernel's, clearing pages, and hashes at the same time wait for
/// each other's maps. So its mmap and munmap are led here, and while a thread holds a Lease, the block comes
/// from a pool, in huge pages. What stays in it between hashes is Argon2's state, no password; it is kept out
/// of core dumps, and the kernel may take it back at any time. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace muster::sodium {

class HashingMemory {
 public:
  /// For hashes that take `block_size_bytes` each; any others do without the pool.
  explicit HashingMemory(std::size_t block_size_bytes) : block_size_bytes_(block_size_bytes) {}
  HashingMemory(const HashingMemory&) = delete;
  HashingMemory& operator=(const HashingMemory&) = delete;
  ~HashingMemory();

  /// For one hash on this thread. Where no block is to be had, libsodium maps its own.
  class Lease {
   public:
    explicit Lease(HashingMemory& memory);
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

   private:
    HashingMemory& memory_;
    void* block_;
  };

  /// How many blocks there are: as many as hashes ran at once.
  [[nodiscard]] std::size_t blocks() const;
  /// How many hashes were computed in them.
  [[nodiscard]] std::uint64_t hashes() const { return hashes_; }

 private:
  [[nodiscard]] std::size_t mapped_size_bytes() const;
  void* take();
  void give_back(void* block);

  const std::size_t block_size_bytes_;
  mutable std::mutex mutex_;
  std::vector<void*> free_;
  std::size_t blocks_ = 0;
  std::atomic<std::uint64_t> hashes_{0};
};

}  // namespace muster::sodium
