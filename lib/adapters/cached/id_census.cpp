// SPDX-License-Identifier: Apache-2.0
#include "adapters/cached/id_census.hpp"

#include "base/log.hpp"
#include "ports/user_store.hpp"

#include <algorithm>

namespace muster::cached {
namespace {

constexpr std::size_t ids_min = 65'536;
constexpr std::size_t page_size = 500;
constexpr std::chrono::milliseconds pause_between_pages{1};
constexpr std::chrono::milliseconds looking_again{200};
constexpr std::chrono::seconds pause_after_trouble{5};

std::uint64_t word_of(ports::Entropy& entropy) {
  std::uint64_t word = 0;
  for (const char each : entropy.bytes(sizeof word)) word = word << 8U | static_cast<unsigned char>(each);
  return word;
}

}  // namespace

IdCensus::IdCensus(ports::Store& store, ports::Entropy& entropy, std::size_t size_bytes_max)
    : store_(store), entropy_(entropy), size_bytes_max_(size_bytes_max), builder_([this] { loop(); }) {}

IdCensus::~IdCensus() {
  is_stopping_ = true;
  pause_.end();
  builder_.join();
}

bool IdCensus::is_nobody(UserId id) const {
  const std::shared_lock lock(mutex_);
  return filter_ != nullptr && !filter_->may_have(id);
}

void IdCensus::add(UserId id) {
  const std::shared_lock lock(mutex_);
  if (filter_) filter_->add(id);
  if (building_) building_->add(id);
}

void IdCensus::give_up() {
  const std::unique_lock lock(mutex_);
  filter_.reset();
  building_.reset();
}

IdCensus::State IdCensus::state() const {
  const std::shared_lock lock(mutex_);
  const FilterPtr& shown = filter_ ? filter_ : building_;
  if (!shown) return {};
  return {shown->ids(), shown->size_bytes(), filter_ != nullptr};
}

Result<IdCensus::FilterPtr> IdCensus::make_filter() {
  std::int64_t users = 0;
  for (const ports::Home& part : store_.parts())
    MUSTER_CHECK_OK(store_.read(part, [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(const std::int64_t count, unit.users().count());
      users += count;
      return {};
    }));
  const std::size_t ids = std::max(ids_min, static_cast<std::size_t>(users) * 3 / 2);
  if (IdFilter::size_bytes_for(ids) > size_bytes_max_) return FilterPtr();
  const model::HashKey key{word_of(entropy_), word_of(entropy_)};
  return std::make_shared<IdFilter>(ids, key);
}

Result<bool> IdCensus::read_all(IdFilter& filter) {
  for (const ports::Home& part : store_.parts()) {
    std::optional<UserId> after;
    for (bool more = true; more;) {
      MUSTER_CHECK_OK(store_.read(part, [&](ports::Unit& unit) -> Status {
        MUSTER_TRY(const ports::UserPage page, unit.users().list({}, after, page_size));
        for (const model::User& each : page.items) filter.add(each.id);
        if (!page.items.empty()) after = page.items.back().id;
        more = page.more && !page.items.empty();
        return {};
      }));
      {
        const std::shared_lock lock(mutex_);
        if (building_.get() != &filter) return false;
      }
      if (is_over() || filter.is_full()) return false;
      pause_.wait(pause_between_pages);
    }
  }
  return true;
}

bool IdCensus::is_good() const {
  const std::shared_lock lock(mutex_);
  return filter_ && !filter_->is_full();
}

void IdCensus::loop() {
  while (!is_over()) {
    if (is_good()) {
      pause_.wait(looking_again);
      continue;
    }
    auto filter = make_filter();
    if (!filter || !*filter) {
      // Full beyond what it may take: it says "perhaps" too often, and never wrongly "no".
      pause_.wait(pause_after_trouble);
      continue;
    }
    {
      const std::unique_lock lock(mutex_);
      building_ = *filter;
    }
    const auto read = read_all(**filter);
    std::unique_lock lock(mutex_);
    const bool is_whole = read && *read && building_ == *filter;
    if (is_whole) filter_ = *filter;
    building_.reset();
    if (!read) {
      log::warn("the ids of all users cannot be read: {}", read.error().message);
      lock.unlock();
      pause_.wait(pause_after_trouble);
    }
  }
}

}  // namespace muster::cached
