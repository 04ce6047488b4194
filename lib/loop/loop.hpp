// SPDX-License-Identifier: Apache-2.0
/// @file A thread's epoll set, turn by turn, and those who have a place beside it. What is gathered during a
/// turn can go together at its end. Belongs to the thread that runs it, but for its construction.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace muster::loop {

/// What a descriptor of the set belongs to.
class Watched {
 public:
  virtual ~Watched() = default;
  virtual void on_event(std::uint32_t events) = 0;  ///< Of epoll.
};

/// When a turn ends, who sends what others are to work on goes before who has work of its own.
enum class Place : std::uint8_t { first, last };

class Guest {
 public:
  virtual ~Guest() = default;
  /// At the end of a turn for which it asked.
  virtual void on_turn_end() = 0;
  /// False when a guest that the loop keeps is to go.
  virtual bool on_tick() = 0;

 private:
  friend class Loop;
  bool is_expected_ = false;
};

class Loop {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  /// Error: std::system_error.
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// The loop that the calling thread runs; null where it runs none.
  [[nodiscard]] static Loop* current() { return current_; }
  /// From now on it is the calling thread's.
  void enter() { current_ = this; }
  /// The end: the guests that it keeps go.
  void leave();

  /// Waits until something happens, no longer than `until`, and lets everybody concerned do its part.
  void turn(TimePoint until);
  /// Lets the guests that it keeps look at the time.
  void tick();
  /// As of the turn.
  [[nodiscard]] TimePoint now() const { return now_; }

  /// Sets what is waited for, from `before` to `wanted`, both of EPOLLIN, EPOLLOUT and EPOLLET; 0 is nothing
  /// at all, not even the end of a connection. Error: std::system_error.
  void watch(Watched& watched, int descriptor, std::uint32_t before, std::uint32_t wanted);
  /// Has on_turn_end called once, at the end of this turn or before the next one waits.
  void expect(Guest& guest, Place place);
  /// Of those kept; null where there is none of that name.
  [[nodiscard]] Guest* guest(const void* name) const;
  Guest& keep(const void* name, std::unique_ptr<Guest> guest);

 private:
  void end_turn();
  void end_turn_of(std::vector<Guest*>& expected);

  static thread_local Loop* current_;
  int epoll_descriptor_;
  TimePoint now_ = Clock::now();
  std::unordered_map<const void*, std::unique_ptr<Guest>> kept_;
  struct Expected {
    std::vector<Guest*> first, last;
  };
  Expected expected_;
  std::vector<Guest*> ending_;
};

}  // namespace muster::loop
