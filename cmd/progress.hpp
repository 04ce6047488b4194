// SPDX-License-Identifier: Apache-2.0
/// @file One line on the terminal that says how far the work is, how fast it goes and when it will be done.
/// Shows nothing where there is no terminal. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace muster::cmd {

class Terminal;

class Progress {
 public:
  Progress(const Terminal& terminal, std::string title);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// `total` 0: not known. Redraws a few times a second at most.
  void show(std::uint64_t done, std::uint64_t total, const std::string& note);
  /// Takes the line away.
  void clear();

  /// What show() writes: "title: 500 of 1000 (50%), 250/s, 2s left, note".
  static std::string line(const std::string& title, std::uint64_t done, std::uint64_t total, double rate_hz,
                          const std::string& note);

 private:
  bool shown_;
  bool drawn_ = false;
  std::string title_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point drawn_at_;
  std::uint64_t first_done_ = 0;
  bool has_first_ = false;
};

}  // namespace muster::cmd
