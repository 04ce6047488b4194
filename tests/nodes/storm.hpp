// SPDX-License-Identifier: Apache-2.0
/// @file Clients of a fleet that go on whatever happens to it, and hold it to what it promises: histories of
/// users, tokens that were revoked, grants that were taken away. Made, told of restarts and ended by one
/// thread.
#pragma once

#include "nodes/fleet.hpp"
#include "nodes/history.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace muster::test {

class Storm {
 public:
  /// Of the daemons: what they do not know sooner they know by then, or refuse.
  static constexpr std::chrono::milliseconds bound{2000};

  struct Counts {
    std::int64_t answered = 0;
    std::map<std::string, std::int64_t> failed;  ///< By the error's name.

    [[nodiscard]] std::int64_t failures() const;
    [[nodiscard]] std::string text() const;
  };

  explicit Storm(Fleet& fleet);
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;
  ~Storm() { stop(); }

  /// Where the daemons are by now.
  void find_daemons();
  /// Those since the last call.
  Counts take_counts();
  /// Until so many requests more were answered, and a grant more taken away; false if that takes too long.
  bool goes_on();
  void stop();

  /// After stop().
  [[nodiscard]] std::vector<std::string> broken_promises() const;
  [[nodiscard]] std::size_t events() const { return history_.size(); }
  [[nodiscard]] int revoked() const { return revoked_; }
  [[nodiscard]] int taken_away() const { return taken_away_; }

 private:
  using Clock = std::chrono::steady_clock;
  class Client;
  /// A token, and from when on whom it must not be accepted by.
  struct Dead {
    std::string token;
    std::size_t known_to = 0;  ///< At once.
    Clock::time_point everywhere;
  };

  void read_and_write(int number);
  void revoke();
  void check_dead(Client& client, const Dead& dead);
  void take_away();
  void check_taken(Client& client, std::size_t by, Clock::time_point taken);
  void note(const Outcome& outcome);
  void break_promise(const std::string& what);
  /// False at the end.
  bool pause(std::chrono::milliseconds time);

  const std::size_t daemons_;
  Fleet& fleet_;
  std::string admin_;  ///< A token that may do everything.
  std::string cook_;   ///< The user that a role is granted to.
  std::vector<std::string> keys_;
  mutable std::mutex mutex_;
  std::vector<std::string> urls_;
  Counts counts_;
  std::vector<std::string> broken_;
  std::vector<Event> history_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> revoked_{0};
  std::atomic<int> taken_away_{0};
  std::vector<std::thread> threads_;
};

}  // namespace muster::test
