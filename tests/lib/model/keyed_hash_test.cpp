// SPDX-License-Identifier: Apache-2.0
#include "model/keyed_hash.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::model {
namespace {

// As CPython 3.11 hashes bytes with PYTHONHASHSEED=0.
TEST_CASE("the keyed hash is SipHash-1-3", "[keyed_hash]") {
  CHECK(keyed_hash(HashKey{}, "a") == 0x407448d2b89b1813U);
  CHECK(keyed_hash(HashKey{}, "abcdefgh") == 0x3f7b849c0b8e35eaU);
  CHECK(keyed_hash(HashKey{}, "muster: a longer text") == 0xd4e056c0ed498dddU);
  CHECK(keyed_hash(HashKey{}, UserId{1234567890123456789}) == 0x36c152c1302e9e08U);
}

TEST_CASE("both halves of the key and every byte change the hash", "[keyed_hash]") {
  CHECK(rc::check("any text", [](const std::string& text, std::uint64_t first, std::uint64_t second) {
    const std::uint64_t hash = keyed_hash(HashKey{first, second}, text);
    RC_ASSERT(hash != keyed_hash(HashKey{first ^ 1U, second}, text));
    RC_ASSERT(hash != keyed_hash(HashKey{first, second ^ 1U}, text));
    RC_ASSERT(hash != keyed_hash(HashKey{first, second}, text + '\0'));
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string other = text;
      other[i] = static_cast<char>(other[i] ^ 1);
      RC_ASSERT(hash != keyed_hash(HashKey{first, second}, other));
    }
  }));
}

}  // namespace
}  // namespace muster::model
