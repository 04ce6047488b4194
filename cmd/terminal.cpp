// SPDX-License-Identifier: Apache-2.0
#include "cmd/terminal.hpp"

#include "cmd/globals.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <termios.h>
#include <unistd.h>

namespace muster::cmd {
namespace {

// Read in a signal handler, hence plain and lock-free.
std::atomic<bool> echo_is_off{false};
std::atomic<bool> graceful{false};
std::atomic<bool> was_interrupted{false};
termios echo_settings{};

void on_signal(int /*number*/) {
  if (graceful && !was_interrupted.exchange(true)) return;
  if (echo_is_off) {
    tcsetattr(STDIN_FILENO, TCSANOW, &echo_settings);
    (void)!write(STDERR_FILENO, "\n", 1);
  }
  _exit(exit_interrupted);
}

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a wait that Ctrl-C should end must be told.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<std::string> read_line() {
  std::string line;
  for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
    if (c == EOF) {
      if (line.empty()) return fail(ErrorCode::precondition_failed, "no answer was given");
      break;
    }
    line += static_cast<char>(c);
  }
  return line;
}

}  // namespace

Terminal::Terminal(const Globals& globals)
    : can_ask_(isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0),
      errors_are_shown_(isatty(STDERR_FILENO) != 0),
      quiet_(globals.quiet),
      verbose_(globals.verbose),
      color_(globals.color && isatty(STDERR_FILENO) != 0) {
  handle_signals();
}

void Terminal::note(std::string_view text) const {
  if (!quiet_) std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

void Terminal::detail(std::string_view text) const {
  if (verbose_) std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

Result<std::string> Terminal::ask(std::string_view question) {
  if (!can_ask_) return fail(ErrorCode::precondition_failed, "there is no terminal to ask on");
  std::fprintf(stderr, "%.*s", static_cast<int>(question.size()), question.data());
  return read_line();
}

Result<Secret> Terminal::ask_secret(std::string_view question) {
  if (!can_ask_) return fail(ErrorCode::precondition_failed, "there is no terminal to ask on");
  if (tcgetattr(STDIN_FILENO, &echo_settings) != 0)
    return fail(ErrorCode::precondition_failed, "cannot turn the terminal's echo off");
  termios silent = echo_settings;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  echo_is_off = true;
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::fprintf(stderr, "%.*s", static_cast<int>(question.size()), question.data());
  auto line = read_line();
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &echo_settings);
  echo_is_off = false;
  std::fputc('\n', stderr);
  if (!line) return fail(std::move(line).error());
  return Secret(std::move(*line));
}

Terminal::Graceful::Graceful() {
  graceful = true;
}
Terminal::Graceful::~Graceful() {
  graceful = false;
}
bool Terminal::interrupted() {
  return was_interrupted;
}

}  // namespace muster::cmd
