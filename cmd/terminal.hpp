// SPDX-License-Identifier: Apache-2.0
/// @file The person at the other end, if there is one: notes on standard error, questions, passwords without
/// echo, and Ctrl-C. Questions are only asked when both standard input and standard error are a terminal.
/// One thread, but for note() and interrupted().
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"

#include <string>
#include <string_view>

namespace muster::cmd {

struct Globals;

class Terminal {
 public:
  explicit Terminal(const Globals& globals);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] bool can_ask() const { return can_ask_; }
  [[nodiscard]] bool shows_progress() const { return errors_are_shown_ && !quiet_; }
  [[nodiscard]] bool quiet() const { return quiet_; }
  [[nodiscard]] bool verbose() const { return verbose_; }
  [[nodiscard]] bool color() const { return color_; }  ///< On standard error.

  /// One line on standard error, unless quiet.
  void note(std::string_view text) const;
  /// The same with -v only.
  void detail(std::string_view text) const;

  /// Asks and reads a line. Error: precondition_failed when nobody can be asked.
  Result<std::string> ask(std::string_view question);
  Result<Secret> ask_secret(std::string_view question);

  /// While it lives, Ctrl-C (SIGINT, SIGTERM) only sets interrupted(); a second one ends the program.
  class Graceful {
   public:
    Graceful();
    Graceful(const Graceful&) = delete;
    Graceful& operator=(const Graceful&) = delete;
    ~Graceful();
  };
  static bool interrupted();

 private:
  bool can_ask_;
  bool errors_are_shown_;
  bool quiet_;
  bool verbose_;
  bool color_;
};

/// What a shell expects of a program that was stopped with Ctrl-C.
inline constexpr int exit_interrupted = 130;

}  // namespace muster::cmd
