// SPDX-License-Identifier: Apache-2.0
#include "ops/access_samples.hpp"

#include "ops/durable_file.hpp"

#include <algorithm>
#include <bit>
#include <fstream>
#include <iterator>

#include <xxhash.h>

namespace muster::ops {
namespace {

constexpr std::string_view magic = "muster accesses 1\n";
constexpr std::size_t checksum_size_bytes = 8;

void append_number(std::string& out, std::uint64_t number) {
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xffU);
}

std::uint64_t checksum_of(std::string_view text) {
  return XXH3_64bits(text.data(), text.size());
}

/// Numbers from the front of a text that is long enough for all of them.
class Numbers {
 public:
  explicit Numbers(std::string_view text) : text_(text) {}

  std::uint64_t next() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 8, text_.remove_prefix(1))
      number |= std::uint64_t{static_cast<unsigned char>(text_.front())} << shift;
    return number;
  }
  [[nodiscard]] std::size_t left() const { return text_.size() / 8; }

 private:
  std::string_view text_;
};

Error damaged() {
  return Error{ErrorCode::invalid_argument, "the file of access samples is damaged", {}, {}, {}};
}

}  // namespace

void AccessSamples::note(UserId user) {
  const std::uint64_t before = accesses_.fetch_add(1, std::memory_order_relaxed);
  {
    const std::lock_guard lock(stripe_of(model::slot_of(user)));
    hot_.note(user);
  }
  if (model::AccessSample::hash_of(user) >= threshold_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(sample_mutex_);
  sample_.note(user, before);
  threshold_.store(sample_.threshold(), std::memory_order_relaxed);
}

std::vector<model::HotUser> AccessSamples::known() const {
  std::vector<model::HotUser> all;
  for (std::uint32_t slot = 0; slot < model::slot_count; ++slot) {
    const std::lock_guard lock(stripe_of(slot));
    all.insert(all.end(), hot_.of_slot(slot).begin(), hot_.of_slot(slot).end());
  }
  return all;
}

std::vector<UserId> AccessSamples::hottest(std::size_t count) const {
  return model::hottest(known(), count);
}

std::size_t AccessSamples::users() const {
  return known().size();
}

model::AccessTrace AccessSamples::trace() const {
  const std::lock_guard lock(sample_mutex_);
  return sample_.trace(accesses());
}

void AccessSamples::age() {
  for (std::uint32_t slot = 0; slot < model::slot_count; ++slot) {
    const std::lock_guard lock(stripe_of(slot));
    hot_.age(slot);
  }
}

Status AccessSamples::save(const std::string& path) const {
  return replace_file(path, encode_accesses({known(), trace()}));
}

Status AccessSamples::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  MUSTER_TRY(const SavedAccesses saved, decode_accesses(text));
  std::vector<std::vector<model::HotUser>> slots(model::slot_count);
  for (const model::HotUser& each : saved.hot) slots[model::slot_of(each.user)].push_back(each);
  for (std::uint32_t slot = 0; slot < model::slot_count; ++slot) {
    const std::lock_guard lock(stripe_of(slot));
    hot_.restore(slot, slots[slot]);
  }
  const std::lock_guard lock(sample_mutex_);
  sample_ = model::AccessSample::restored(saved.trace);
  threshold_.store(sample_.threshold(), std::memory_order_relaxed);
  accesses_.store(0, std::memory_order_relaxed);
  return {};
}

std::string encode_accesses(const SavedAccesses& saved) {
  std::string out(magic);
  append_number(out, std::bit_cast<std::uint64_t>(saved.trace.rate));
  append_number(out, std::bit_cast<std::uint64_t>(saved.trace.all_accesses));
  append_number(out, saved.hot.size());
  for (const model::HotUser& each : saved.hot) {
    append_number(out, static_cast<std::uint64_t>(each.user.value));
    append_number(out, std::uint64_t{each.count} << 32U | each.not_own);
  }
  for (const UserId user : saved.trace.accesses) append_number(out, static_cast<std::uint64_t>(user.value));
  append_number(out, checksum_of(out));
  return out;
}

Result<SavedAccesses> decode_accesses(std::string_view text) {
  constexpr std::size_t head_numbers = 3;
  if (!text.starts_with(magic) || (text.size() - magic.size()) % 8 != 0) return fail(damaged());
  if (text.size() < magic.size() + head_numbers * 8 + checksum_size_bytes) return fail(damaged());
  const std::string_view body = text.substr(0, text.size() - checksum_size_bytes);
  if (Numbers(text.substr(body.size())).next() != checksum_of(body)) return fail(damaged());
  Numbers numbers(body.substr(magic.size()));
  SavedAccesses out;
  out.trace.rate = std::bit_cast<double>(numbers.next());
  out.trace.all_accesses = std::bit_cast<double>(numbers.next());
  const std::uint64_t hot = numbers.next();
  // Written so that what is no number is refused too.
  const bool sound = out.trace.rate > 0 && out.trace.rate <= 1 && out.trace.all_accesses >= 0 &&
                     out.trace.all_accesses < 1e18;
  if (!sound || hot > numbers.left() / 2) return fail(damaged());
  for (std::uint64_t i = 0; i < hot; ++i) {
    model::HotUser each{{static_cast<std::int64_t>(numbers.next())}, 0, 0};
    const std::uint64_t counts = numbers.next();
    each.count = static_cast<std::uint32_t>(counts >> 32U);
    each.not_own = static_cast<std::uint32_t>(counts);
    out.hot.push_back(each);
  }
  while (numbers.left() > 0) out.trace.accesses.push_back({static_cast<std::int64_t>(numbers.next())});
  return out;
}

}  // namespace muster::ops
