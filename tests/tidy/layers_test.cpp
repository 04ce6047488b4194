// SPDX-License-Identifier: Apache-2.0
#include "tidy/tree.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include <catch2/catch.hpp>

namespace muster::tidy {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> product = {"lib", "daemon", "cmd"};

/// A folder may include lower floors and itself; adapters also other adapters.
const std::map<std::string, int> floors = {{"base", 0},     {"loop", 1},   {"model", 1}, {"ports", 2},
                                           {"wire", 2},     {"http", 2},   {"ops", 3},   {"adapters", 3},
                                           {"assembly", 4}, {"daemon", 5}, {"cmd", 5}};

std::string first_part(const std::string& path) {
  return path.substr(0, path.find('/'));
}

/// "adapters/sql/query.hpp" -> "adapters/sql", "lib/base" -> "base".
std::string short_folder(const std::string& folder) {
  return folder.starts_with("lib/") ? folder.substr(4) : folder;
}

bool includes_folder(const FolderRules& rules, const std::string& folder) {
  return std::any_of(rules.may_include.begin(), rules.may_include.end(), [&](const std::string& allowed) {
    const bool whole_tree = allowed == "cmd" || allowed == "daemon";
    return folder == allowed || (whole_tree && folder.starts_with(allowed + "/"));
  });
}

/// Which name in a README's `Third party:` line a header belongs to.
struct ThirdParty {
  std::string prefix;
  std::string name;
  std::set<std::string> folders;  ///< Fence: where it may be used at all; empty: wherever the README says.
};

const std::vector<ThirdParty> third_parties = {
    {"sqlite3.h", "sqlite3", {"lib/adapters/sqlite"}},
    {"mysql", "mysql", {"lib/adapters/mysql"}},
    {"mariadb", "mysql", {"lib/adapters/mysql"}},
    {"hiredis", "hiredis", {"lib/adapters/redis"}},
    {"librdkafka", "librdkafka", {"lib/adapters/events"}},
    {"Poco/Net", "Poco/Net", {"lib/http", "daemon"}},
    {"Poco/Util", "Poco/Util", {"daemon"}},
    {"Poco/", "Poco/Foundation", {"lib/http", "daemon"}},
    {"boost/beast", "Boost.Beast", {"lib/http"}},
    {"boost/asio/buffer.hpp", "Boost.Beast", {"lib/http"}},
    {"boost/json", "Boost.JSON", {}},
    {"CLI/", "CLI11", {"cmd", "daemon/main.cpp", "daemon/options.cpp"}},
    {"tl/expected", "tl/expected", {"lib/base"}},
    {"spdlog/", "spdlog", {"lib/base"}},
    {"fmt/", "fmt", {}},
    {"sodium",
     "libsodium",
     {"lib/adapters/crypto", "lib/adapters/sodium", "lib/adapters/system", "lib/adapters/sql"}},
    {"argon2.h", "libargon2", {"lib/adapters/crypto"}},
    {"crypt.h", "libcrypt", {"lib/adapters/crypto"}},
    {"openssl/", "OpenSSL", {"lib/adapters/crypto", "lib/http"}},
    {"toml++/", "tomlplusplus", {"lib/assembly", "cmd"}},
    {"prometheus/", "prometheus-cpp", {"daemon"}},
    {"systemd/", "libsystemd", {"daemon"}},
    {"unicode/", "ICU", {"lib/model"}},
    {"zxcvbn", "zxcvbn", {"lib/model"}},
    {"xxh", "xxhash", {}},
    {"zlib.h", "zlib", {"lib/http"}},
    {"yaml.h", "libyaml", {"cmd"}},
};

bool is_of_the_system(const std::string& name) {
  static const std::set<std::string> posix = {"string.h", "unistd.h",   "fcntl.h",  "signal.h",  "pthread.h",
                                              "sched.h",  "errno.h",    "time.h",   "pwd.h",     "grp.h",
                                              "poll.h",   "netdb.h",    "dirent.h", "termios.h", "glob.h",
                                              "syslog.h", "malloc.h",   "spawn.h",  "stdlib.h",  "stdio.h",
                                              "limits.h", "sysexits.h", "wchar.h",  "ftw.h",     "fnmatch.h"};
  const auto below = [&](const char* folder) { return name.starts_with(folder); };
  return name.find('.') == std::string::npos || posix.count(name) != 0 || below("sys/") ||
         below("netinet/") || below("arpa/") || below("linux/") || below("net/");
}

const ThirdParty* third_party_of(const std::string& name) {
  for (const ThirdParty& each : third_parties)
    if (name.starts_with(each.prefix)) return &each;
  return nullptr;
}

void check_own(const SourceFile& file, const Include& include, const FolderRules& rules,
               std::vector<std::string>& offences) {
  const std::string folder = fs::path(include.name).parent_path().string();
  if (folder.empty())
    offences.push_back(at(file, include.line, "include \"" + include.name + "\" with its folder"));
  else if (!includes_folder(rules, folder))
    offences.push_back(at(file, include.line,
                          "includes \"" + include.name + "\", but " + rules.folder +
                              "/README.md does not say `May include: " + folder + "`"));
}

void check_foreign(const SourceFile& file, const Include& include, const FolderRules& rules,
                   std::vector<std::string>& offences) {
  const ThirdParty* party = third_party_of(include.name);
  if (party == nullptr) {
    if (!is_of_the_system(include.name))
      offences.push_back(at(file, include.line, "<" + include.name + "> is not a known third party"));
    return;
  }
  if (std::find(rules.third_party.begin(), rules.third_party.end(), party->name) == rules.third_party.end())
    offences.push_back(
        at(file, include.line,
           "uses " + party->name + ", which `Third party:` in " + rules.folder + "/README.md does not name"));
  const bool fenced_out = !party->folders.empty() &&
                          std::none_of(party->folders.begin(), party->folders.end(),
                                       [&](const std::string& folder) { return file.is_under(folder); });
  if (fenced_out) offences.push_back(at(file, include.line, party->name + " is fenced out of this folder"));
}

TEST_CASE("a folder includes only what its README says it may", "[layers]") {
  std::vector<std::string> offences;
  std::size_t includes_seen = 0;
  for (const SourceFile& file : load(product, {".hpp", ".cpp"})) {
    const auto rules = rules_of(file.folder());
    if (!rules) {
      const std::string missing = file.folder() + " has no README.md with a line `May include: ...`";
      if (offences.empty() || offences.back() != missing) offences.push_back(missing);
      continue;
    }
    for (const Include& include : file.includes()) {
      ++includes_seen;
      if (include.quoted)
        check_own(file, include, *rules, offences);
      else
        check_foreign(file, include, *rules, offences);
    }
  }
  INFO(report(offences));
  CHECK(offences.empty());
  CHECK(includes_seen > 100);
}

TEST_CASE("no README allows more than its floor", "[layers]") {
  std::vector<std::string> offences;
  std::set<std::string> seen;
  for (const SourceFile& file : load(product, {".hpp", ".cpp"})) {
    const auto rules = rules_of(file.folder());
    if (!rules || !seen.insert(rules->folder).second) continue;
    const std::string own = short_folder(rules->folder);
    const auto own_floor = floors.find(first_part(own));
    if (own_floor == floors.end()) {
      offences.push_back(rules->folder + " stands on no floor");
      continue;
    }
    for (const std::string& allowed : rules->may_include) {
      const auto floor = floors.find(first_part(allowed));
      const bool same = first_part(allowed) == first_part(own);
      const bool client =
          first_part(own) == "cmd" && (first_part(allowed) == "adapters" || allowed == "assembly");
      const bool lower = floor != floors.end() && floor->second < own_floor->second;
      const bool daemon_adapter = first_part(own) == "daemon" && first_part(allowed) == "adapters";
      if ((!same && !lower) || client || daemon_adapter)
        offences.push_back(rules->folder + "/README.md must not allow " + allowed);
    }
  }
  INFO(report(offences));
  CHECK(offences.empty());
  CHECK(seen.size() >= 9);
}

TEST_CASE("headers do not include each other in a circle", "[layers]") {
  std::map<std::string, std::vector<std::string>> edges;
  for (const SourceFile& file : load(product, {".hpp"}))
    for (const Include& include : file.includes())
      if (include.quoted) edges[short_folder(file.path)].push_back(include.name);

  std::vector<std::string> circles;
  std::set<std::string> done;
  std::vector<std::string> path;
  const std::function<void(const std::string&)> visit = [&](const std::string& header) {
    if (const auto again = std::find(path.begin(), path.end(), header); again != path.end()) {
      std::string circle;
      for (auto each = again; each != path.end(); ++each) circle += *each + " -> ";
      circles.push_back(circle + header);
      return;
    }
    if (!done.insert(header).second) return;
    path.push_back(header);
    for (const std::string& next : edges[header]) visit(next);
    path.pop_back();
  };
  std::vector<std::string> headers;
  for (const auto& [header, includes] : edges) headers.push_back(header);
  for (const std::string& header : headers) visit(header);
  INFO(report(circles));
  CHECK(circles.empty());
  CHECK(headers.size() > 20);
}

TEST_CASE("every folder of lib with code of its own has its tests", "[layers]") {
  std::set<std::string> folders;
  for (const SourceFile& file : load({"lib"}, {".cpp"})) folders.insert(file.folder());
  std::vector<std::string> offences;
  for (const std::string& folder : folders)
    if (load({"tests/" + folder}, {".cpp"}).empty()) offences.push_back("tests/" + folder + " has no test");
  INFO(report(offences));
  CHECK(offences.empty());
  CHECK(folders.count("lib/base") == 1);
}

}  // namespace
}  // namespace muster::tidy
