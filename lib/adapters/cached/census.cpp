// SPDX-License-Identifier: Apache-2.0
#include "adapters/cached/census.hpp"

#include "base/log.hpp"
#include "model/slot.hpp"
#include "ports/user_store.hpp"

#include <algorithm>

namespace muster::cached {
namespace {

constexpr std::size_t ids_min = 65'536;
constexpr std::size_t names_of_a_user_max = 3;
constexpr std::size_t page_size = 500;
constexpr std::chrono::milliseconds pause_between_pages{1};
constexpr std::chrono::milliseconds looking_again{200};
constexpr std::chrono::seconds pause_after_trouble{5};
/// A log that cannot be followed is not to have all users read again and again: of the time one in so many.
constexpr int building_share = 10;

std::uint64_t word_of(ports::Entropy& entropy) {
  std::uint64_t word = 0;
  for (const char each : entropy.bytes(sizeof word)) word = word << 8U | static_cast<unsigned char>(each);
  return word;
}

}  // namespace

Census::Census(ports::Store& store, ports::Entropy& entropy, const CensusOptions& options)
    : store_(store), entropy_(entropy), options_(options), builder_([this] { loop(); }) {}

Census::~Census() {
  is_stopping_ = true;
  pause_.end();
  builder_.join();
}

Census::Age Census::age_of(const Part& part) const {
  const auto looked_at = part.looked_at.load(std::memory_order_acquire);
  const auto now = Clock::now();
  if (looked_at + options_.age_max / 2 > now) return Age::fresh;
  return looked_at + options_.age_max > now ? Age::due : Age::over;
}

bool Census::is_nobody(UserId id) {
  const std::shared_lock lock(mutex_);
  if (!filled_ || filled_->ids->may_have(id)) return false;
  if (!has_others()) return true;
  Part* const part = filled_->part_of_slot[model::slot_of(id)];
  if (part == nullptr) return false;
  switch (age_of(*part)) {
    case Age::fresh:
      return true;
    case Age::due:
      return part->is_looker_called.exchange(true);
    case Age::over:
      break;
  }
  return false;
}

bool Census::look_for(UserId id) {
  FilledPtr filled;
  Part* part = nullptr;
  {
    const std::shared_lock lock(mutex_);
    if (!filled_ || filled_->ids->may_have(id)) return false;
    if (!has_others()) return true;
    filled = filled_;
    part = filled->part_of_slot[model::slot_of(id)];
  }
  if (part == nullptr) return false;
  if (age_of(*part) != Age::fresh) look(*filled, *part);
  const std::shared_lock lock(mutex_);
  return filled == filled_ && age_of(*part) != Age::over && !filled->ids->may_have(id);
}

void Census::look(Filled& filled, Part& part) {
  const std::unique_lock looking(part.looking, std::try_to_lock);
  const auto began = Clock::now();
  if (!looking || began < part.not_before) return;
  looks_.fetch_add(1, std::memory_order_relaxed);
  const auto state = follow(filled, part);
  if (!state)
    part.not_before = began + options_.age_max;
  else if (*state == LogFollower::State::lost)
    lose(filled);
  else if (*state == LogFollower::State::current)
    part.looked_at.store(began, std::memory_order_release);
  part.is_looker_called.store(false);
}

Result<LogFollower::State> Census::follow(const Filled& filled, Part& part) {
  auto state = LogFollower::State::lost;
  const auto enter = [&](std::span<const UserId> users) {
    for (const UserId each : users) filled.ids->add(each);
  };
  MUSTER_CHECK_OK(store_.read(ports::Home::part(part.index), [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(state, part.log.follow(unit, enter));
    return {};
  }));
  return state;
}

void Census::lose(const Filled& filled) {
  const std::unique_lock lock(mutex_);
  if (filled_.get() != &filled) return;
  filled_.reset();
  log::info("what other daemons create cannot be followed any more: the ids of all users are read again");
}

void Census::add(UserId id) {
  const std::shared_lock lock(mutex_);
  for (const Filled* const each : {filled_.get(), building_.get()})
    if (each != nullptr) each->ids->add(id);
}

bool Census::is_nobodys(const ports::Name& name) const {
  const std::shared_lock lock(mutex_);
  return filled_ && filled_->names && !filled_->names->may_have(name);
}

void Census::add(const std::vector<ports::Name>& names) {
  const std::shared_lock lock(mutex_);
  for (const Filled* const each : {filled_.get(), building_.get()})
    if (each != nullptr && each->names)
      for (const ports::Name& name : names) each->names->add(name);
}

void Census::give_up() {
  const std::unique_lock lock(mutex_);
  filled_.reset();
  building_.reset();
}

Census::State Census::state() const {
  const std::shared_lock lock(mutex_);
  State state;
  state.in_use = filled_ != nullptr;
  state.looks = looks_.load(std::memory_order_relaxed);
  if (const FilledPtr& shown = filled_ ? filled_ : building_) {
    state.ids = shown->ids->ids();
    state.size_bytes = shown->ids->size_bytes() + (shown->names ? shown->names->size_bytes() : 0);
  }
  return state;
}

Result<Census::FilledPtr> Census::begin() {
  auto filled = std::make_shared<Filled>();
  std::int64_t users = 0;
  for (std::size_t i = 0; i < store_.parts().size(); ++i) {
    Part& part = *filled->parts.emplace_back(std::make_unique<Part>());
    part.index = i;
    std::int64_t here = 0;
    MUSTER_CHECK_OK(store_.read(ports::Home::part(i), [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(here, part.log.begin(unit));
      return {};
    }));
    users += here;
    for (std::uint32_t slot = 0; slot < model::slot_count; ++slot)
      if (part.log.has(slot)) filled->part_of_slot[slot] = &part;
  }
  const std::size_t ids = std::max(ids_min, static_cast<std::size_t>(users) * 3 / 2);
  const std::size_t names = ids * names_of_a_user_max;
  const std::size_t ids_size_bytes = IdFilter::size_bytes_for(ids);
  if (ids_size_bytes > options_.size_bytes_max) return FilledPtr();
  const auto make = [this](std::size_t keys) {
    return std::make_unique<IdFilter>(keys, model::HashKey{word_of(entropy_), word_of(entropy_)});
  };
  filled->ids = make(ids);
  const bool is_room = ids_size_bytes + IdFilter::size_bytes_for(names) <= options_.size_bytes_max;
  if (is_room && !has_others()) filled->names = make(names);
  return filled;
}

bool Census::is_being_built(const Filled& filled) const {
  const std::shared_lock lock(mutex_);
  return building_.get() == &filled && !is_over();
}

Result<bool> Census::read_all(Filled& filled) {
  for (std::size_t part = 0; part < filled.parts.size(); ++part) {
    MUSTER_TRY(const bool is_read, read_part(part, filled));
    if (!is_read) return false;
  }
  return has_others() ? catch_up(filled) : true;
}

Result<bool> Census::read_part(std::size_t part, Filled& filled) {
  UserId after;
  for (bool more = true; more;) {
    MUSTER_CHECK_OK(store_.read(ports::Home::part(part), [&](ports::Unit& unit) -> Status {
      MUSTER_TRY(const auto users, unit.slots().named_users(after, page_size));
      for (const ports::NamedUser& each : users) {
        filled.ids->add(each.user);
        if (filled.names)
          for (const ports::Name& name : each.names) filled.names->add(name);
      }
      more = users.size() == page_size;
      if (!users.empty()) after = users.back().user;
      return {};
    }));
    if (!is_being_built(filled) || filled.is_full()) return false;
    pause_.wait(pause_between_pages);
  }
  return true;
}

/// What was created while users were read: whoever asks first need not wait for that.
Result<bool> Census::catch_up(Filled& filled) {
  for (const auto& part : filled.parts) {
    auto state = LogFollower::State::behind;
    Clock::time_point began;
    while (state == LogFollower::State::behind && is_being_built(filled)) {
      began = Clock::now();
      MUSTER_TRY(state, follow(filled, *part));
    }
    if (state != LogFollower::State::current) return false;
    part->looked_at.store(began, std::memory_order_release);
  }
  return true;
}

bool Census::is_good() const {
  const std::shared_lock lock(mutex_);
  return filled_ && !filled_->is_full();
}

void Census::loop() {
  while (!is_over()) {
    if (is_good()) {
      pause_.wait(looking_again);
      continue;
    }
    pause_.wait(build());
  }
}

std::chrono::milliseconds Census::build() {
  const auto began = Clock::now();
  const auto begun = begin();
  // Full beyond what it may take: it says "perhaps" too often, and never wrongly "no".
  if (!begun || !*begun) return pause_after_trouble;
  {
    const std::unique_lock lock(mutex_);
    building_ = *begun;
  }
  const auto read = read_all(**begun);
  {
    const std::unique_lock lock(mutex_);
    const bool is_whole = read && *read && building_ == *begun;
    if (is_whole) filled_ = *begun;
    building_.reset();
  }
  if (read)
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began) * building_share;
  log::warn("the ids of all users cannot be read: {}", read.error().message);
  return pause_after_trouble;
}

}  // namespace muster::cached
