// SPDX-License-Identifier: Apache-2.0
// What only shows on a terminal, and what a user stops half-way.
#include "support/daemon.hpp"
#include "support/process.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace muster::test {
namespace {

/// musterctl on a terminal of its own.
class OnTerminal {
 public:
  OnTerminal(const Daemon& daemon, const std::string& home, std::vector<std::string> words) {
    words.insert(words.begin(), program("musterctl"));
    id_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (id_ == 0) {
      const std::string server = "unix:" + daemon.socket();
      ::setenv("MUSTER_SERVER", server.c_str(), 1);
      ::setenv("XDG_CONFIG_HOME", home.c_str(), 1);
      ::setenv("XDG_STATE_HOME", home.c_str(), 1);
      ::unsetenv("MUSTER_PASSWORD");
      std::vector<char*> pointers;
      for (std::string& word : words) pointers.push_back(word.data());
      pointers.push_back(nullptr);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;
  ~OnTerminal() {
    if (!status_) {
      ::kill(id_, SIGKILL);
      ::waitpid(id_, nullptr, 0);
    }
    ::close(terminal_);
  }

  /// Reads until the text was seen.
  bool sees(const std::string& text) {
    for (int rounds = 0; rounds < 3000 && seen_.find(text) == std::string::npos; ++rounds)
      if (!read_some()) break;
    return seen_.find(text) != std::string::npos;
  }
  void types(const std::string& text) const { CHECK(::write(terminal_, text.data(), text.size()) > 0); }
  [[nodiscard]] bool echoes() const {
    termios settings{};
    return ::tcgetattr(terminal_, &settings) == 0 && (settings.c_lflag & ECHO) != 0;
  }
  int ends() {
    while (read_some()) {
    }
    int status = 0;
    ::waitpid(id_, &status, 0);
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return *status_;
  }
  [[nodiscard]] const std::string& seen() const { return seen_; }

 private:
  bool read_some() {
    pollfd wanted{terminal_, POLLIN, 0};
    if (::poll(&wanted, 1, 20'000) <= 0) return false;
    char buffer[4096];
    const ssize_t size = ::read(terminal_, buffer, sizeof buffer);
    if (size <= 0) return false;
    seen_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

  int terminal_ = -1;
  pid_t id_ = -1;
  std::optional<int> status_;
  std::string seen_;
};

struct Running {
  TemporaryFolder folder;
  Daemon daemon{folder.path() + "/data"};
  Environment environment;

  Running() {
    const bool started = daemon.start();
    INFO(daemon.log());
    REQUIRE(started);
    environment = {{"MUSTER_SERVER", "unix:" + daemon.socket()},
                   {"XDG_CONFIG_HOME", folder.path()},
                   {"XDG_STATE_HOME", folder.path()}};
  }
  Finished ctl(std::vector<std::string> words, const std::string& input = {}) {
    words.insert(words.begin(), program("musterctl"));
    return run(words, environment, input);
  }
};

}  // namespace

TEST_CASE("a password is asked for twice, without echo") {
  Running running;
  OnTerminal create(running.daemon, running.folder.path(), {"user", "create", "alice", "-o", "id"});
  REQUIRE(create.sees("Password: "));
  CHECK(eventually([&] { return !create.echoes(); }));
  create.types("tide-violet-97-crane\n");
  REQUIRE(create.sees("again: "));
  create.types("tide-violet-97-crane\n");
  CHECK(create.ends() == 0);
  CHECK(create.seen().find("violet") == std::string::npos);
  CHECK(running.ctl({"user", "get", "alice", "-o", "id"}).status == 0);

  OnTerminal differs(running.daemon, running.folder.path(), {"user", "create", "bob"});
  REQUIRE(differs.sees("Password: "));
  differs.types("tide-violet-97-crane\n");
  REQUIRE(differs.sees("again: "));
  differs.types("tide-violet-97-cranes\n");
  CHECK(differs.ends() == 2);
  CHECK(running.ctl({"user", "get", "bob"}).status == 5);
}

TEST_CASE("Ctrl-C at a question gives the terminal back") {
  Running running;
  OnTerminal create(running.daemon, running.folder.path(), {"user", "create", "alice"});
  REQUIRE(create.sees("Password: "));
  REQUIRE(eventually([&] { return !create.echoes(); }));
  create.types("\x03");
  CHECK(eventually([&] { return create.echoes(); }));
  CHECK(create.ends() == 130);
  CHECK(running.ctl({"user", "get", "alice"}).status == 5);
}

TEST_CASE("what destroys asks for the name") {
  Running running;
  REQUIRE(running.ctl({"role", "create", "doomed"}).status == 0);
  {
    OnTerminal wrong(running.daemon, running.folder.path(), {"role", "delete", "doomed"});
    REQUIRE(wrong.sees("Type doomed to go on: "));
    wrong.types("yes\n");
    CHECK(wrong.ends() == 8);
  }
  CHECK(running.ctl({"role", "get", "doomed"}).status == 0);
  OnTerminal right(running.daemon, running.folder.path(), {"role", "delete", "doomed"});
  REQUIRE(right.sees("Type doomed to go on: "));
  right.types("doomed\n");
  CHECK(right.ends() == 0);
  CHECK(running.ctl({"role", "get", "doomed"}).status == 5);
}

TEST_CASE("colour only where it is wanted") {
  Running running;
  OnTerminal plain(running.daemon, running.folder.path(), {"role", "list", "--no-color"});
  CHECK(plain.ends() == 0);
  CHECK(plain.seen().find('\x1b') == std::string::npos);
  OnTerminal colored(running.daemon, running.folder.path(), {"role", "list"});
  CHECK(colored.ends() == 0);
  CHECK(colored.seen().find("\x1b[1m") != std::string::npos);
  CHECK(running.ctl({"role", "list"}).out.find('\x1b') == std::string::npos);
}

TEST_CASE("an import that is stopped goes on where it was") {
  Running running;
  std::string text;
  constexpr int count = 400;
  for (int i = 0; i < count; ++i) text += "{\"username\":\"u" + std::to_string(i) + "\"}\n";
  const std::string file = running.folder.path() + "/users.jsonl";
  write_file(file, text);
  {
    Process import({program("musterctl"), "user", "import", file, "--max-rps", "40", "-o", "jsonl"},
                   running.folder.path(), running.environment);
    REQUIRE(eventually([&] {
      return running.ctl({"user", "list", "--limit", "50", "-o", "id"}).out.size() > 100;
    }));
    const Finished second = running.ctl({"user", "import", file});
    CHECK(second.status == 7);
    import.signal(SIGINT);
    const auto status = import.wait(std::chrono::seconds(60));
    CHECK(status == std::optional<int>(130));
    CHECK(import.err().find("goes on from line") != std::string::npos);
  }
  const Finished rest = running.ctl({"user", "import", file, "-o", "json"});
  CHECK(rest.status == 0);
  CHECK(rest.err.find("going on from line") != std::string::npos);
  const std::string ids = running.ctl({"user", "list", "--all", "-o", "id"}).out;
  CHECK(std::count(ids.begin(), ids.end(), '\n') == count);
  // Done: the next run begins anew and finds nothing to do.
  const Finished again = running.ctl({"user", "import", file, "-o", "csv"});
  CHECK(again.status == 0);
  CHECK(again.err.find("unchanged " + std::to_string(count)) != std::string::npos);
}

TEST_CASE("a login refreshes itself, also when many commands run at once") {
  TemporaryFolder folder;
  DaemonOptions options;
  options.environment = {{"MUSTER_TOKEN_ACCESS_TTL", "11s"}};
  Daemon daemon(folder.path() + "/data", options);
  const bool started = daemon.start();
  INFO(daemon.log());
  REQUIRE(started);
  const Environment environment = {{"XDG_STATE_HOME", folder.path()}, {"MUSTER_SERVER", daemon.url()}};
  const Environment local = {{"MUSTER_SERVER", "unix:" + daemon.socket()}};
  const std::string ctl = program("musterctl");
  REQUIRE(
      run({ctl, "user", "create", "alice", "--password-file", "-"}, local, "tide-violet-97-crane").status ==
      0);
  REQUIRE(run({ctl, "login", "alice", "--password-file", "-"}, environment, "tide-violet-97-crane").status ==
          0);
  const auto access_token = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() + "/muster"))
      if (entry.path().extension() == ".json") return read_file(entry.path().string());
    return std::string();
  };
  const std::string before = access_token();
  // Ten seconds before its end a token counts as spent, so one of eleven is spent after one.
  REQUIRE(eventually([&] {
    REQUIRE(run({ctl, "user", "get", "me", "-o", "id"}, environment).status == 0);
    return access_token() != before;
  }));
  std::vector<std::unique_ptr<Process>> many;
  for (int i = 0; i < 8; ++i)
    many.push_back(std::make_unique<Process>(std::vector<std::string>{ctl, "user", "get", "me"},
                                             folder.path(), environment));
  for (auto& each : many) CHECK(each->wait(std::chrono::seconds(60)) == std::optional<int>(0));
}

}  // namespace muster::test
