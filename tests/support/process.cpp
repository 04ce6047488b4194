// SPDX-License-Identifier: Apache-2.0
#include "support/process.hpp"

#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>  // mkdtemp is not in <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::test {
namespace {

std::vector<std::string> environment_with(const Environment& additions) {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each)
    if (const std::string_view text = *each;
        !text.starts_with("MUSTER_") && !text.starts_with("NOTIFY_SOCKET"))
      all.emplace_back(text);
  for (const auto& [name, value] : additions) {
    std::erase_if(all,
                  [&, prefix = name + "="](const std::string& text) { return text.starts_with(prefix); });
    all.push_back(name + "=" + value);
  }
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

int status_of(int raw) {
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

}  // namespace

TemporaryFolder::TemporaryFolder(const std::string& place) {
  const auto parent = place.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(place);
  std::string pattern = (parent / "muster-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder: " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Process::Process(const std::vector<std::string>& command, const std::string& folder,
                 const Environment& environment, std::string_view input)
    : folder_(folder) {
  static std::atomic<int> number = 0;
  stem_ = folder + "/process-" + std::to_string(getpid()) + "-" + std::to_string(++number);
  write_file(stem_ + ".in", input);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, (stem_ + ".in").c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, (stem_ + ".out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, (stem_ + ".err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = environment_with(environment);
  const int failure = posix_spawnp(&id_, command.front().c_str(), &actions, nullptr,
                                   pointers_to(arguments).data(), pointers_to(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw std::runtime_error("cannot start " + command.front());
}

Process::~Process() {
  if (!status_) {
    ::kill(id_, SIGKILL);
    int raw = 0;
    waitpid(id_, &raw, 0);
  }
}

void Process::signal(int number) const {
  if (!status_) ::kill(id_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!status_) {
    int raw = 0;
    if (waitpid(id_, &raw, WNOHANG) == id_) {
      status_ = status_of(raw);
      break;
    }
    if (std::chrono::steady_clock::now() >= end) return std::nullopt;
    pause_briefly();
  }
  return status_;
}

std::string Process::out() const {
  return read_file(stem_ + ".out");
}

std::string Process::err() const {
  return read_file(stem_ + ".err");
}

Finished run(const std::vector<std::string>& command, const Environment& environment, std::string_view input,
             std::chrono::seconds time) {
  const TemporaryFolder folder;
  Process process(command, folder.path(), environment, input);
  const auto status = process.wait(time);
  return {status.value_or(128 + SIGKILL), process.out(), process.err()};
}

void pause_briefly() {
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
}

}  // namespace muster::test
