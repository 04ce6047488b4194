// SPDX-License-Identifier: Apache-2.0
#include "tidy/tree.hpp"

#include <filesystem>
#include <regex>
#include <set>

#include <catch2/catch.hpp>

namespace muster::tidy {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> everywhere = {"lib", "daemon", "cmd", "tests"};

/// A pattern that must not show in code, where, and what to write instead.
struct Banned {
  std::regex pattern;
  std::vector<std::string> folders;
  std::vector<std::string> except;
  std::string instead;
};

std::regex call(const std::string& names) {
  // Not a member, not another namespace's, not part of a longer name; `std::` and `::` are the same function.
  return std::regex(R"((^|[^\w.>:]|std::|\s::)()" + names + R"()\s*\()");
}

const std::vector<Banned>& banned_list() {
  static const std::vector<Banned> list = {
      {call("sprintf|vsprintf|strcpy|strcat|strncpy|strncat|gets|scanf|sscanf"),
       everywhere,
       {},
       "std::string and fmt"},
      {call("atoi|atol|atoll|atof|strtol|strtoul|strtod|stoi|stol|stoul|stoull|stod"),
       everywhere,
       {"tests"},
       "std::from_chars"},
      {call("rand|srand|random|drand48"), everywhere, {"tests"}, "ports::Entropy"},
      {std::regex("random_device|mt19937"), {"lib"}, {}, "ports::Entropy"},
      {call("system|popen"), {"lib", "daemon", "cmd"}, {}, "posix_spawn"},
      {call("tmpnam|tempnam|mktemp"), everywhere, {}, "mkstemp or mkdtemp"},
      {call("strtok|localtime|gmtime|asctime|ctime|strerror"),
       {"lib", "daemon", "cmd"},
       {},
       "the reentrant form"},
      {std::regex(R"(\bNULL\b)"), everywhere, {}, "nullptr"},
      {call("alloca|setjmp|longjmp"), everywhere, {}, "plain C++"},
      {std::regex(R"(std::(cout|cerr|clog|endl)\b)"), {"lib"}, {}, "base/log.hpp"},
      {call("printf|puts|fprintf"), {"lib"}, {"lib/base/check.hpp"}, "base/log.hpp"},
      {std::regex(R"(\b(sleep_for|sleep_until|usleep|nanosleep)\s*\()"),
       {"lib"},
       {},
       "a condition variable or a timer"},
      {std::regex(R"(\bsystem_clock::now\b|std::time\()"),
       {"lib", "daemon"},
       {"lib/adapters/system", "lib/http"},
       "ports::Clock"},
      // An owner may be given what was just made, where make_unique cannot make it: `(new T(...))`.
      {std::regex(R"((^|[^\w(])new\s+[A-Za-z_:(])"), everywhere, {"lib/http"}, "std::make_unique"},
      // Poco counts references and takes ownership in initialisers and assignments too.
      {std::regex(R"(return\s+new\s)"), everywhere, {}, "std::make_unique"},
      {std::regex(R"(\bdelete(\[\])?\s+[\w*(])"), everywhere, {}, "std::unique_ptr"},
      {call("malloc|calloc|realloc|free"), {"lib", "daemon", "cmd"}, {}, "containers"},
      {std::regex(R"(\.detach\(\))"), everywhere, {}, "a thread that is joined"},

      {std::regex(R"(\bassert\s*\()"), everywhere, {}, "MUSTER_CHECK"},
      {call("getenv|secure_getenv|setenv|putenv"), {"lib"}, {"lib/assembly"}, "a setting that is passed in"},
  };
  return list;
}

bool applies(const Banned& rule, const SourceFile& file) {
  const auto under = [&](const std::vector<std::string>& folders) {
    for (const std::string& folder : folders)
      if (file.is_under(folder)) return true;
    return false;
  };
  return under(rule.folders) && !under(rule.except);
}

TEST_CASE("what is banned is not called", "[text]") {
  std::vector<std::string> offences;
  for (const SourceFile& file : load(everywhere, {".hpp", ".cpp"}))
    for (const Banned& rule : banned_list()) {
      if (!applies(rule, file)) continue;
      for (std::size_t i = 0; i < file.code.size(); ++i)
        if (std::smatch match; std::regex_search(file.code[i], match, rule.pattern))
          offences.push_back(at(file, i + 1, "`" + match.str() + "`: use " + rule.instead));
    }
  INFO(report(offences));
  CHECK(offences.empty());
}

TEST_CASE("the rules about calls see calls and nothing else", "[text]") {
  const auto caught = [](const std::string& line) {
    const auto code = without_comments_and_literals({line});
    for (const Banned& rule : banned_list())
      if (std::regex_search(code[0], rule.pattern)) return true;
    return false;
  };
  CHECK(caught("  std::sprintf(buffer, text);"));
  CHECK(caught("  auto* a = new Thing(1);"));
  CHECK(caught("  delete thing;"));
  CHECK(caught("  delete[] things;"));
  CHECK(caught("int n = atoi(text);"));
  CHECK(caught("  std::this_thread::sleep_for(1s);"));
  CHECK(caught("  ::system(text);"));
  CHECK(caught("  call(NULL);"));
  CHECK_FALSE(caught("  Thing(const Thing&) = delete;"));
  CHECK_FALSE(caught("  // a new thing, for atoi(text)"));
  CHECK_FALSE(caught("  log(\"system( new Thing delete it\");"));
  CHECK_FALSE(caught("  clock.system(now);"));
  CHECK_FALSE(caught("  renew Thing"));
  CHECK_FALSE(caught("  auto x = R\"(delete this; new Thing)\";"));
  CHECK_FALSE(caught("  const int n = 1'000; // strcpy(a, b)"));
}

TEST_CASE("every source begins with its licence, every header with what it is", "[text]") {
  std::vector<std::string> offences;
  for (const SourceFile& file : load(everywhere, {".hpp", ".cpp"})) {
    if (file.lines.empty() || file.lines[0] != "// SPDX-License-Identifier: Apache-2.0")
      offences.push_back(at(file, 1, "first line must be `// SPDX-License-Identifier: Apache-2.0`"));
    if (!file.is_header()) continue;
    if (file.lines.size() < 2 || !file.lines[1].starts_with("/// @file "))
      offences.push_back(at(file, 2, "second line must be `/// @file ...`"));
    bool once = false;
    for (const std::string& line : file.lines) once = once || line == "#pragma once";
    if (!once) offences.push_back(at(file, 1, "no `#pragma once`"));
    for (std::size_t i = 0; i < file.code.size(); ++i)
      if (file.code[i].starts_with("using namespace") && file.code[i].find("literals;") == std::string::npos)
        offences.push_back(at(file, i + 1, "`using namespace` in a header"));
  }
  INFO(report(offences));
  CHECK(offences.empty());
}

TEST_CASE("nothing is left for later, and no banners", "[text]") {
  // Written in two parts, or this file would find itself.
  const std::regex later(std::string("\\b(TO") + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b");
  const std::regex banner(R"(^\s*(//|#|/\*)\s*[-=*#]{4,})");
  std::vector<std::string> offences;
  for (const SourceFile& file : load({"lib", "daemon", "cmd", "tests", "man", "completions", ".ci"},
                                     {".hpp", ".cpp", ".txt", ".md", "/run", "/quickstart", "/install"}))
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (std::regex_search(file.lines[i], later)) offences.push_back(at(file, i + 1, "left for later"));
      if (!file.path.ends_with(".md") && std::regex_search(file.lines[i], banner))
        offences.push_back(at(file, i + 1, "a banner"));
      if (!file.lines[i].empty() && std::isspace(static_cast<unsigned char>(file.lines[i].back())) != 0)
        offences.push_back(at(file, i + 1, "space at the end of the line"));
    }
  INFO(report(offences));
  CHECK(offences.empty());
}

/// What silences clang-tidy names the check and says why: `// NOLINT(some-check): the reason`.
bool silences_without_reason(const std::string& line) {
  // Written in two parts, or this file would find itself.
  static const std::string mark = std::string("NO") + "LINT";
  static const std::regex given(mark + R"((NEXTLINE)?\([a-z][a-z0-9.-]*\): \S)");
  return line.find(mark) != std::string::npos && !std::regex_search(line, given);
}

TEST_CASE("who silences clang-tidy says what and why", "[text]") {
  const std::string mark = std::string("// NO") + "LINT";
  CHECK(silences_without_reason("f();  " + mark));
  CHECK(silences_without_reason("f();  " + mark + "(some-check)"));
  CHECK(silences_without_reason("f();  " + mark + "(*): all of it"));
  CHECK(silences_without_reason(mark + "BEGIN(some-check): for the whole file"));
  CHECK_FALSE(silences_without_reason("f();  " + mark + "(some-check): one thread"));
  CHECK_FALSE(silences_without_reason(mark + "NEXTLINE(some-check): one thread"));

  std::vector<std::string> offences;
  for (const SourceFile& file : load(everywhere, {".hpp", ".cpp"}))
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      if (silences_without_reason(file.lines[i]))
        offences.push_back(at(file, i + 1, "name the check and the reason"));
  INFO(report(offences));
  CHECK(offences.empty());
}

TEST_CASE("the top level holds what it may", "[text]") {
  const std::set<std::string> allowed = {"CMakeLists.txt", "CMakePresets.json",
                                         "README.md",      "CHANGELOG.md",
                                         "LICENSE",        "cmd",
                                         "daemon",         "lib",
                                         "completions",    "man",
                                         "tests",          "build"};
  std::vector<std::string> offences;
  for (const auto& entry : fs::directory_iterator(MUSTER_SOURCE_DIR)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.') && allowed.count(name) == 0) offences.push_back(name);
  }
  INFO(report(offences));
  CHECK(offences.empty());
}

}  // namespace
}  // namespace muster::tidy
