// SPDX-License-Identifier: Apache-2.0
#include "adapters/sodium/hashing_memory.hpp"

#include <array>
#include <string>

#include <catch2/catch.hpp>
#include <sodium.h>

namespace muster::sodium {
namespace {

constexpr std::size_t block_size_bytes = 256 * 1024;

std::string derive(const char* password, std::size_t memory_size_bytes = block_size_bytes) {
  constexpr std::array<unsigned char, crypto_pwhash_SALTBYTES> salt{1, 2, 3};
  std::string out(32, '\0');
  const int status = crypto_pwhash(reinterpret_cast<unsigned char*>(out.data()), out.size(), password,
                                   std::char_traits<char>::length(password), salt.data(), 2,
                                   memory_size_bytes, crypto_pwhash_ALG_ARGON2ID13);
  return status == 0 ? out : std::string();
}

TEST_CASE("a block that was used before gives the hash that fresh memory gives") {
  REQUIRE(sodium_init() >= 0);
  HashingMemory memory(block_size_bytes);
  const std::string fresh = derive("one");
  const std::string other = derive("two");
  REQUIRE_FALSE(fresh.empty());
  REQUIRE(fresh != other);
  CHECK(memory.hashes() == 0);
  for (int i = 0; i < 3; ++i) {
    const HashingMemory::Lease lease(memory);
    CHECK(derive("one") == fresh);
    CHECK(derive("two") == other);
  }
  CHECK(memory.blocks() == 1);
  CHECK(memory.hashes() == 3);
}

TEST_CASE("a hash of another size does without the block") {
  REQUIRE(sodium_init() >= 0);
  HashingMemory memory(block_size_bytes);
  const std::string fresh = derive("one", 2 * block_size_bytes);
  const HashingMemory::Lease lease(memory);
  CHECK(derive("one", 2 * block_size_bytes) == fresh);
  CHECK(memory.hashes() == 0);
}

}  // namespace
}  // namespace muster::sodium
