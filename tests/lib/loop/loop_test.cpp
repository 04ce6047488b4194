// SPDX-License-Identifier: Apache-2.0
#include "loop/loop.hpp"

#include "support/loop_thread.hpp"

#include <stdexcept>
#include <thread>

#include <catch2/catch.hpp>

namespace muster::loop {
namespace {

using std::chrono::hours;

class Counting final : public Guest {
 public:
  explicit Counting(std::function<void()> at_turn_end = {}) : at_turn_end_(std::move(at_turn_end)) {}
  ~Counting() override {
    if (gone != nullptr) *gone = true;
  }

  int ends = 0;
  int ticks = 0;
  bool stays = true;
  bool* gone = nullptr;

 private:
  void on_turn_end() override {
    ++ends;
    if (at_turn_end_) at_turn_end_();
  }
  bool on_tick() override {
    ++ticks;
    return stays;
  }

  std::function<void()> at_turn_end_;
};

/// A descriptor on which something can happen, and what is done then.
class Bell final : public Watched {
 public:
  Bell(Loop& loop, std::function<void()> on_ring) : loop_(loop), on_ring_(std::move(on_ring)) {
    loop_.watch(*this, descriptor_, 0, EPOLLIN | EPOLLET);
  }
  ~Bell() override { ::close(descriptor_); }
  void ring() const {
    const std::uint64_t one = 1;
    REQUIRE(::write(descriptor_, &one, sizeof one) == sizeof one);
  }
  void silence() { loop_.watch(*this, descriptor_, EPOLLIN | EPOLLET, 0); }

 private:
  void on_event(std::uint32_t /*events*/) override { on_ring_(); }

  Loop& loop_;
  const std::function<void()> on_ring_;
  const int descriptor_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
};

Loop::TimePoint soon() {
  return Loop::Clock::now() + std::chrono::milliseconds(20);
}

TEST_CASE("what was expected during a turn comes once, after all that happened in it") {
  Loop loop;
  int rung = 0;
  int rung_before_end = 0;
  Counting guest([&] { rung_before_end = rung; });
  const auto on_ring = [&] {
    ++rung;
    loop.expect(guest, Place::first);
  };
  const Bell first(loop, on_ring);
  const Bell second(loop, on_ring);
  first.ring();
  second.ring();
  loop.turn(soon());
  CHECK(rung == 2);
  CHECK(rung_before_end == 2);
  CHECK(guest.ends == 1);
  loop.turn(soon());
  CHECK(guest.ends == 1);
}

TEST_CASE("who goes first does so, whoever was expected before") {
  Loop loop;
  std::string order;
  Counting worker([&] { order += "worker "; });
  Counting sender([&] { order += "sender "; });
  loop.expect(worker, Place::last);
  loop.expect(sender, Place::first);
  loop.turn(soon());
  CHECK(order == "sender worker ");
}

TEST_CASE("nobody who is expected waits for something to happen") {
  Loop loop;
  int left = 3;
  Counting* again = nullptr;
  Counting guest([&] {
    if (--left > 0) loop.expect(*again, Place::first);
  });
  again = &guest;
  loop.expect(guest, Place::first);
  // Each would end the test's time if it waited.
  loop.turn(Loop::Clock::now() + hours(1));
  loop.turn(soon());
  CHECK(guest.ends == 3);
}

TEST_CASE("what goes wrong with one is not felt by the others") {
  Loop loop;
  int rung = 0;
  const Bell bad(loop, [] { throw std::runtime_error("bad"); });
  Bell good(loop, [&] { ++rung; });
  Counting bad_guest([] { throw std::runtime_error("bad"); });
  Counting good_guest;
  loop.expect(bad_guest, Place::first);
  loop.expect(good_guest, Place::first);
  bad.ring();
  good.ring();
  loop.turn(soon());
  CHECK(rung == 1);
  CHECK(good_guest.ends == 1);
  good.silence();
  good.ring();
  loop.turn(soon());
  CHECK(rung == 1);
}

TEST_CASE("guests are kept by name until they want to go, or the loop ends") {
  Loop loop;
  loop.enter();
  CHECK(Loop::current() == &loop);
  const int names[2] = {};
  bool gone[2] = {};
  std::vector<Counting*> guests;
  for (std::size_t i = 0; i < 2; ++i) {
    auto guest = std::make_unique<Counting>();
    guest->gone = &gone[i];
    guests.push_back(guest.get());
    loop.keep(&names[i], std::move(guest));
  }
  CHECK(loop.guest(&names[1]) == guests[1]);
  guests[0]->stays = false;
  loop.expect(*guests[0], Place::last);
  loop.tick();
  CHECK(gone[0]);
  CHECK(guests[1]->ticks == 1);
  CHECK(loop.guest(&names[0]) == nullptr);
  loop.turn(soon());
  loop.leave();
  CHECK(gone[1]);
  CHECK(Loop::current() == nullptr);
}

TEST_CASE("each thread has its own loop") {
  test::LoopThread thread;
  CHECK(thread.call([] { return Loop::current(); }) == &thread.loop());
  CHECK(Loop::current() == nullptr);
}

}  // namespace
}  // namespace muster::loop
