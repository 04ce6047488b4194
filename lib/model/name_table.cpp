// SPDX-License-Identifier: Apache-2.0
#include "model/name_table.hpp"

#include <bit>

#include <xxhash.h>

namespace muster::model {
namespace {

std::uint64_t hash_of(std::string_view name) noexcept {
  return XXH3_64bits(name.data(), name.size());
}

}  // namespace

NameTable::NameTable(const std::vector<std::string_view>& names) {
  ends_.reserve(names.size());
  slots_.resize(std::bit_ceil(names.size() * 2 + 1));
  for (const std::string_view name : names) {
    text_ += name;
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
    const std::uint64_t hash = hash_of(name);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].number_plus_1 != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(ends_.size())};
  }
}

std::string_view NameTable::name(std::uint32_t number) const noexcept {
  const std::uint32_t begin = number == 0 ? 0 : ends_[number - 1];
  return std::string_view(text_).substr(begin, ends_[number] - begin);
}

std::optional<std::uint32_t> NameTable::find(std::string_view wanted) const noexcept {
  if (slots_.empty()) return std::nullopt;
  const std::uint64_t hash = hash_of(wanted);
  for (std::size_t at = hash & (slots_.size() - 1); slots_[at].number_plus_1 != 0;
       at = (at + 1) & (slots_.size() - 1))
    if (slots_[at].hash == static_cast<std::uint32_t>(hash >> 32) &&
        name(slots_[at].number_plus_1 - 1) == wanted)
      return slots_[at].number_plus_1 - 1;
  return std::nullopt;
}

}  // namespace muster::model
