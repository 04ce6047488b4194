// SPDX-License-Identifier: Apache-2.0
/// @file Real programs for tests: started, fed, waited for with a bound, and ended by their id. A Process
/// that goes out of scope is killed. Not thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace muster::test {

/// A folder of its own, short enough for a Unix socket in it; gone with the object.
class TemporaryFolder {
 public:
  /// In that folder; without one where temporary files go.
  explicit TemporaryFolder(const std::string& place = {});
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

using Environment = std::vector<std::pair<std::string, std::string>>;

/// How a program ended: its exit status, or 128 and the signal.
struct Finished {
  int status = -1;
  std::string out;
  std::string err;
};

class Process {
 public:
  /// Output goes to files in `folder`. The environment is this process's without MUSTER_ variables, and
  /// `environment`.
  Process(const std::vector<std::string>& command, const std::string& folder,
          const Environment& environment = {}, std::string_view input = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t id() const { return id_; }
  void signal(int number) const;
  /// The status if it ends within the time.
  std::optional<int> wait(std::chrono::milliseconds time);
  [[nodiscard]] bool is_running() { return !wait(std::chrono::milliseconds(0)).has_value(); }
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;

 private:
  std::string folder_;
  std::string stem_;
  pid_t id_ = -1;
  std::optional<int> status_;
};

/// Runs to the end; status 128+9 when it took longer than the time.
Finished run(const std::vector<std::string>& command, const Environment& environment = {},
             std::string_view input = {}, std::chrono::seconds time = std::chrono::seconds(60));

/// Asks every few milliseconds until it is true or the time is over.
template <class Condition>
bool eventually(Condition&& condition, std::chrono::seconds time = std::chrono::seconds(30));

void pause_briefly();

template <class Condition>
bool eventually(Condition&& condition, std::chrono::seconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    pause_briefly();
  }
  return true;
}

std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view text);

}  // namespace muster::test
