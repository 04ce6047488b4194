// SPDX-License-Identifier: Apache-2.0
#include "tidy/tree.hpp"

#include <regex>

#include <catch2/catch.hpp>

namespace muster::tidy {
namespace {

constexpr std::size_t header_lines_max = 150;
constexpr std::size_t source_lines_max = 600;
constexpr std::size_t readme_lines_max = 20;
constexpr std::size_t function_lines_max = 70;
constexpr std::size_t columns_max = 110;

struct Function {
  std::size_t first_line = 0;
  std::size_t lines = 0;
};

std::size_t indent_of(const std::string& line) {
  const auto at = line.find_first_not_of(' ');
  return at == std::string::npos ? line.size() : at;
}

/// Functions of clang-formatted code. A namespace does not indent, so a body that closes with a `}` in
/// column `indent` belongs to the head that began in that column: 0 for functions, 2 and 4 for members of a
/// class and of a nested one. Lines that are empty once literals and comments are gone do not count.
std::vector<Function> functions_of(const std::vector<std::string>& code, std::size_t indent) {
  static const std::regex other_head(
      R"(^\s*(namespace|class|struct|enum|union|extern|if|for|while|switch|else|do|try|return|case|default)\b|^\s*[#}:)]|^[^(]*=)");
  static const std::regex body_opens(R"((\)|\}|\bconst|\bnoexcept|\boverride|\bfinal|->[^;()]*)\s*\{$)");
  std::vector<Function> out;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (code[i].empty() || indent_of(code[i]) != indent || std::regex_search(code[i], other_head)) continue;
    std::size_t open = i;
    std::string head = code[i];
    while (open + 1 < code.size() && !std::regex_search(head, std::regex(R"([{;}]$)"))) head += code[++open];
    if (!std::regex_search(head, body_opens) || head.find('(') == std::string::npos) continue;
    std::size_t close = open + 1;
    std::size_t lines = close - i;
    for (; close < code.size() && (code[close].empty() || indent_of(code[close]) > indent); ++close)
      if (indent_of(code[close]) != code[close].size()) ++lines;
    if (close == code.size() || indent_of(code[close]) != indent || code[close][indent] != '}') continue;
    out.push_back({i + 1, lines + 1});
    i = close;
  }
  return out;
}

TEST_CASE("files stay small enough to be read at one sitting", "[size]") {
  std::vector<std::string> offences;
  for (const SourceFile& file : load({"lib", "daemon", "cmd", "tests"}, {".hpp", ".cpp"})) {
    const std::size_t limit = file.is_header() ? header_lines_max : source_lines_max;
    if (file.lines.size() > limit)
      offences.push_back(at(file, file.lines.size(), "longer than " + std::to_string(limit) + " lines"));
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      if (file.lines[i].size() > columns_max && file.lines[i].find("R\"") == std::string::npos &&
          file.code[i].size() > columns_max)
        offences.push_back(at(file, i + 1, "wider than " + std::to_string(columns_max) + " columns"));
  }
  INFO(report(offences));
  CHECK(offences.empty());
}

TEST_CASE("a folder's README is short", "[size]") {
  std::vector<std::string> offences;
  std::size_t seen = 0;
  for (const SourceFile& file : load({"lib", "daemon", "cmd"}, {"README.md"})) {
    ++seen;
    if (file.lines.size() > readme_lines_max)
      offences.push_back(
          at(file, file.lines.size(), "longer than " + std::to_string(readme_lines_max) + " lines"));
  }
  INFO(report(offences));
  CHECK(offences.empty());
  CHECK(seen >= 9);
}

TEST_CASE("functions stay on one screen", "[size]") {
  std::vector<std::string> offences;
  std::size_t seen = 0;
  for (const SourceFile& file : load({"lib", "daemon", "cmd"}, {".hpp", ".cpp"}))
    for (const std::size_t indent : {std::size_t{0}, std::size_t{2}, std::size_t{4}})
      for (const Function& function : functions_of(file.code, indent)) {
        ++seen;
        if (function.lines > function_lines_max)
          offences.push_back(at(file, function.first_line,
                                "a function of " + std::to_string(function.lines) + " lines, " +
                                    std::to_string(function_lines_max) + " are allowed"));
      }
  INFO(report(offences));
  CHECK(offences.empty());
  CHECK(seen > 100);
}

TEST_CASE("the measure of functions finds their ends", "[size]") {
  const std::vector<std::string> code = {"namespace a {",
                                         "",
                                         "struct S {",
                                         "  int f() {",
                                         "    return 1;",
                                         "  }",
                                         "};",
                                         "int g(int a,",
                                         "      int b) {",
                                         "  if (a) {",
                                         "    return b;",
                                         "  }",
                                         "  return a;",
                                         "}",
                                         "int h = 3;",
                                         "}"};
  const auto top = functions_of(code, 0);
  REQUIRE(top.size() == 1);
  CHECK(top[0].first_line == 8);
  CHECK(top[0].lines == 7);
  const auto members = functions_of(code, 2);
  REQUIRE(members.size() == 1);
  CHECK(members[0].lines == 3);
}

}  // namespace
}  // namespace muster::tidy
