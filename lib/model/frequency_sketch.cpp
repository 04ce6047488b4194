// SPDX-License-Identifier: Apache-2.0
#include "model/frequency_sketch.hpp"

#include <algorithm>
#include <bit>

namespace muster::model {
namespace {

constexpr std::size_t words_per_block = 8;
constexpr std::size_t rows = 4;
constexpr std::size_t counters_per_word = 16;
/// How many accesses for each entry of the cache are remembered.
constexpr std::size_t noted_per_entry = 20;

/// Where a key's counter of that row is: a word of its block, and the bit it begins at.
struct Counter {
  std::size_t word;
  unsigned shift;
};

Counter counter_of(std::uint64_t hash, std::size_t block, std::size_t row) {
  const auto bits = static_cast<std::size_t>(hash >> (36U + 5U * row)) & 31U;
  return {block * words_per_block + row * 2 + bits / counters_per_word,
          static_cast<unsigned>(bits % counters_per_word) * 4U};
}

}  // namespace

FrequencySketch::FrequencySketch(std::size_t entries) : words_(words_per_block) {
  noted_max_ = noted_per_entry * words_per_block;
  make_room_for(entries);
}

void FrequencySketch::make_room_for(std::size_t entries) {
  while (words_.size() < entries) {
    // A key's block in the doubled table is the old one or the one as far behind the old end: both begin as
    // it was.
    const std::size_t before = words_.size();
    words_.resize(before * 2);
    std::copy_n(words_.begin(), before, words_.begin() + static_cast<std::ptrdiff_t>(before));
    noted_max_ = noted_per_entry * words_.size();
  }
  block_mask_ = words_.size() / words_per_block - 1;
}

void FrequencySketch::note(std::uint64_t hash) {
  const std::size_t block = hash & block_mask_;
  bool counted = false;
  for (std::size_t row = 0; row < rows; ++row) {
    const Counter counter = counter_of(hash, block, row);
    std::uint64_t& word = words_[counter.word];
    if ((word >> counter.shift & count_max) == count_max) continue;
    word += std::uint64_t{1} << counter.shift;
    counted = true;
  }
  if (counted && ++noted_ >= noted_max_) halve();
}

unsigned FrequencySketch::count(std::uint64_t hash) const {
  const std::size_t block = hash & block_mask_;
  unsigned least = count_max;
  for (std::size_t row = 0; row < rows; ++row) {
    const Counter counter = counter_of(hash, block, row);
    least = std::min(least, static_cast<unsigned>(words_[counter.word] >> counter.shift & count_max));
  }
  return least;
}

void FrequencySketch::halve() {
  for (std::uint64_t& word : words_) word = word >> 1U & 0x7777777777777777U;
  noted_ /= 2;
}

}  // namespace muster::model
