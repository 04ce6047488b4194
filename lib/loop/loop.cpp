// SPDX-License-Identifier: Apache-2.0
#include "loop/loop.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

namespace muster::loop {
namespace {

// Few enough that what ends a turn never waits long behind a batch.
constexpr int events_max = 128;

int open_epoll() {
  const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return descriptor;
}

// What goes wrong with one ends nothing of the others.
template <class Call>
void going_on(Call&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    log::error("A loop goes on after: {}", error.what());
  }
}

}  // namespace

thread_local Loop* Loop::current_ = nullptr;

Loop::Loop() : epoll_descriptor_(open_epoll()) {}

Loop::~Loop() {
  ::close(epoll_descriptor_);
}

void Loop::leave() {
  kept_.clear();
  expected_ = {};
  current_ = nullptr;
}

void Loop::turn(TimePoint until) {
  end_turn();
  std::array<epoll_event, events_max> events;
  // Who was expected meanwhile is not to wait for an event.
  const auto wait = expected_.first.empty() && expected_.last.empty()
                        ? std::chrono::ceil<std::chrono::milliseconds>(until - now_)
                        : std::chrono::milliseconds(0);
  const int count = ::epoll_wait(epoll_descriptor_, events.data(), events_max,
                                 static_cast<int>(std::max<std::int64_t>(wait.count(), 0)));
  now_ = Clock::now();
  // Whoever is watched is only ever destroyed by its own event, at the end of a turn or in a tick: so the
  // pointers hold.
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    going_on([&] { static_cast<Watched*>(event.data.ptr)->on_event(event.events); });
  }
  end_turn();
}

void Loop::end_turn() {
  end_turn_of(expected_.first);
  end_turn_of(expected_.last);
}

void Loop::end_turn_of(std::vector<Guest*>& expected) {
  std::swap(ending_, expected);
  for (Guest* const each : ending_) {
    each->is_expected_ = false;
    going_on([&] { each->on_turn_end(); });
  }
  ending_.clear();
}

void Loop::tick() {
  std::erase_if(kept_, [this](const auto& each) {
    bool stays = true;
    going_on([&] { stays = each.second->on_tick(); });
    if (!stays) std::erase(expected_.first, each.second.get());
    if (!stays) std::erase(expected_.last, each.second.get());
    return !stays;
  });
}

void Loop::watch(Watched& watched, int descriptor, std::uint32_t before, std::uint32_t wanted) {
  if (before == wanted) return;
  epoll_event event{};
  event.events = wanted;
  event.data.ptr = &watched;
  const int operation = wanted == 0 ? EPOLL_CTL_DEL : before == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (::epoll_ctl(epoll_descriptor_, operation, descriptor, &event) != 0 && wanted != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Loop::expect(Guest& guest, Place place) {
  if (guest.is_expected_) return;
  (place == Place::first ? expected_.first : expected_.last).push_back(&guest);
  guest.is_expected_ = true;
}

Guest* Loop::guest(const void* name) const {
  const auto found = kept_.find(name);
  return found == kept_.end() ? nullptr : found->second.get();
}

Guest& Loop::keep(const void* name, std::unique_ptr<Guest> guest) {
  return *(kept_[name] = std::move(guest));
}

}  // namespace muster::loop
