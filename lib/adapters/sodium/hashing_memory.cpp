// SPDX-License-Identifier: Apache-2.0
#include "adapters/sodium/hashing_memory.hpp"

#include "base/check.hpp"

#include <sys/mman.h>

namespace muster::sodium {
namespace {

constexpr std::size_t huge_page_size_bytes = std::size_t{2} << 20U;

/// What the thread's next mapping of that size gets.
struct Offer {
  void* block = nullptr;
  std::size_t size_bytes = 0;
  bool taken = false;
  bool was_taken = false;
};
thread_local Offer offer;

}  // namespace

HashingMemory::~HashingMemory() {
  MUSTER_CHECK(free_.size() == blocks_);
  for (void* block : free_) munmap(block, mapped_size_bytes());
}

std::size_t HashingMemory::mapped_size_bytes() const {
  return (block_size_bytes_ + huge_page_size_bytes - 1) / huge_page_size_bytes * huge_page_size_bytes;
}

std::size_t HashingMemory::blocks() const {
  const std::lock_guard lock(mutex_);
  return blocks_;
}

void* HashingMemory::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      void* const block = free_.back();
      free_.pop_back();
      return block;
    }
  }
  // Huge pages begin at multiples of their size: map more, and give back what stands over on either side.
  const std::size_t size_bytes = mapped_size_bytes();
  void* const mapped = mmap(nullptr, size_bytes + huge_page_size_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* const first = static_cast<std::uint8_t*>(mapped);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(first) % huge_page_size_bytes;
  if (before > 0) munmap(first, before);
  munmap(first + before + size_bytes, huge_page_size_bytes - before);
  void* const block = first + before;
  // Both are only wishes.
  (void)madvise(block, size_bytes, MADV_HUGEPAGE);
  (void)madvise(block, size_bytes, MADV_DONTDUMP);
  const std::lock_guard lock(mutex_);
  ++blocks_;
  return block;
}

void HashingMemory::give_back(void* block) {
  (void)madvise(block, mapped_size_bytes(), MADV_FREE);
  const std::lock_guard lock(mutex_);
  free_.push_back(block);
}

HashingMemory::Lease::Lease(HashingMemory& memory) : memory_(memory), block_(memory.take()) {
  MUSTER_CHECK(offer.block == nullptr);
  offer = {block_, memory.block_size_bytes_};
}

HashingMemory::Lease::~Lease() {
  MUSTER_CHECK(!offer.taken);
  if (offer.was_taken) ++memory_.hashes_;
  offer = {};
  if (block_ != nullptr) memory_.give_back(block_);
}

}  // namespace muster::sodium

extern "C" void* muster_sodium_mmap(void* address, std::size_t size_bytes, int protection, int flags,
                                    int file, off_t offset) {
  auto& offer = muster::sodium::offer;
  if (offer.block != nullptr && !offer.taken && size_bytes == offer.size_bytes && file == -1) {
    offer.taken = offer.was_taken = true;
    return offer.block;
  }
  return mmap(address, size_bytes, protection, flags, file, offset);
}

extern "C" int muster_sodium_munmap(void* address, std::size_t size_bytes) {
  auto& offer = muster::sodium::offer;
  if (offer.taken && address == offer.block) {
    offer.taken = false;
    return 0;
  }
  return munmap(address, size_bytes);
}
