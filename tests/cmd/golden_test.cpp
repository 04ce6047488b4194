// SPDX-License-Identifier: Apache-2.0
// Transcripts of musterctl against a real daemon: tests/golden/cli/*.txt. `$` is a command line for sh, `|`
// what it writes to standard output, `!` to standard error, `=` its exit status. What differs from run to run
// (ids, times, hashes, tokens) has a name instead. MUSTER_GOLDEN_UPDATE=1 writes the transcripts anew.
#include "support/daemon.hpp"
#include "support/process.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>

#include <catch2/catch.hpp>

namespace muster::test {
namespace {

const std::string golden_folder = std::string(MUSTER_SOURCE_DIR) + "/tests/golden/cli";

/// Gives what differs from run to run a name, the same one for the same thing within a transcript.
class Normalizer {
 public:
  void fixed(std::string text, std::string name) { fixed_.emplace_back(std::move(text), std::move(name)); }

  std::string operator()(std::string text) {
    for (const auto& [from, to] : fixed_)
      for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    text = replaced(text, R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)",
                    [](const std::string&) { return "<time>"; });
    text = replaced(text, R"(eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)",
                    [](const std::string&) { return "<token>"; });
    text = replaced(text, R"(\d{8}T\d{6}Z-\d+)", [](const std::string&) { return "<stamp>"; });
    text = replaced(text, R"([0-9a-f]{64}|[0-9a-f]{32})", [](const std::string&) { return "<hash>"; });
    text = replaced(text, R"([A-Za-z0-9_-]{32,}|[A-Za-z0-9_-]{22})", [this](const std::string& word) {
      const bool is_random =
          std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::islower(c); }) &&
          std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::isupper(c); });
      return is_random ? named(word) : word;
    });
    text = replaced(text, R"(\b\d{17,19}\b)", [this](const std::string& word) { return named(word); });
    // Columns are as wide as what stands in them.
    return replaced(text, R"([^ \n] {3,})",
                    [](const std::string& found) { return found.substr(0, 1) + "  "; });
  }

 private:
  template <class Replace>
  static std::string replaced(const std::string& text, const std::string& pattern, Replace replace) {
    const std::regex regex(pattern);
    std::string out;
    auto last = text.begin();
    for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
      out.append(last, (*match)[0].first);
      out += replace(match->str());
      last = (*match)[0].second;
    }
    return out.append(last, text.end());
  }
  std::string named(const std::string& word) {
    const auto [place, is_new] = names_.emplace(word, "");
    if (is_new) place->second = "<id" + std::to_string(names_.size()) + ">";
    return place->second;
  }

  std::vector<std::pair<std::string, std::string>> fixed_;
  std::map<std::string, std::string> names_;
};

std::string prefixed(const std::string& text, const std::string& prefix) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    out += line.empty() ? prefix + "\n" : prefix + " " + line + "\n";
  }
  return out;
}

/// "expected LINE, got LINE"; empty if there is none.
std::string first_difference(const std::string& expected, const std::string& actual) {
  std::istringstream expected_lines(expected);
  std::istringstream actual_lines(actual);
  for (std::size_t number = 1;; ++number) {
    std::string wanted;
    std::string got;
    const bool more_wanted = static_cast<bool>(std::getline(expected_lines, wanted));
    const bool more_got = static_cast<bool>(std::getline(actual_lines, got));
    if (!more_wanted && !more_got) return {};
    if (wanted != got || more_wanted != more_got)
      return "line " + std::to_string(number) + ": expected \"" + wanted + "\", got \"" + got + "\"";
  }
}

/// The transcript's commands run again, as a transcript.
std::string replay(const std::string& transcript) {
  TemporaryFolder folder;
  Daemon daemon(folder.path() + "/data");
  const bool started = daemon.start();
  INFO(daemon.log());
  REQUIRE(started);
  std::filesystem::create_directories(folder.path() + "/home");
  Normalizer normalize;
  normalize.fixed(daemon.url(), "<url>");
  normalize.fixed(folder.path(), "<folder>");
  const Environment environment = {
      {"HOME", folder.path() + "/home"},
      {"XDG_CONFIG_HOME", folder.path() + "/home/config"},
      {"XDG_STATE_HOME", folder.path() + "/home/state"},
      {"PATH", std::filesystem::path(program("musterctl")).parent_path().string() + ":/usr/bin:/bin"},
      {"SERVER_URL", daemon.url()},
      {"MUSTER_SERVER", "unix:" + daemon.socket()}};
  std::istringstream lines(transcript);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const bool is_output = line.starts_with("|") || line.starts_with("!") || line.starts_with("=");
    if (is_output) continue;
    out += line + "\n";
    if (!line.starts_with("$ ")) continue;
    const Finished finished = run({"/bin/sh", "-c", "cd \"$HOME\" && " + line.substr(2)}, environment);
    out += prefixed(normalize(finished.out), "|") + prefixed(normalize(finished.err), "!") + "= " +
           std::to_string(finished.status) + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("musterctl does what its transcripts show") {
  const char* update = std::getenv("MUSTER_GOLDEN_UPDATE");
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(golden_folder))
    if (entry.path().extension() == ".txt") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  REQUIRE_FALSE(paths.empty());
  for (const auto& path : paths) {
    INFO(path.string());
    const std::string expected = read_file(path.string());
    const std::string actual = replay(expected);
    if (update != nullptr && *update != '\0')
      write_file(path.string(), actual);
    else
      CHECK(first_difference(expected, actual) == "");
  }
}

}  // namespace muster::test
