// SPDX-License-Identifier: Apache-2.0
#include "tidy/tree.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace muster::tidy {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> listed(const std::vector<std::string>& lines, const std::string& label) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with(label)) continue;
    std::string text = lines[i].substr(label.size());
    // The list may go on in the lines that follow, up to an empty one.
    for (++i; i < lines.size() && !lines[i].empty() && lines[i].find(": ") == std::string::npos; ++i)
      text += " " + lines[i];
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
      const auto begin = part.find_first_not_of(" .`");
      const auto end = part.find_last_not_of(" .`");
      if (begin != std::string::npos) out.push_back(part.substr(begin, end - begin + 1));
    }
    break;
  }
  return out;
}

/// Walks the text once and copies only what is code.
class Blanker {
 public:
  explicit Blanker(std::string text) : text_(std::move(text)) {}

  std::string run() {
    while (at_ < text_.size()) step();
    return out_;
  }

 private:
  void step() {
    const char c = text_[at_];
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == '/' && next == '/') return skip_until("\n", 0);
    if (c == '/' && next == '*') return skip_until("*/", 2);
    if (c == '"' && at_ > 0 && text_[at_ - 1] == 'R') return skip_raw();
    if (c == '"') return skip_quoted('"');
    if (c == '\'' && !is_digit_separator()) return skip_quoted('\'');
    out_ += c;
    ++at_;
  }

  bool is_digit_separator() const {
    return at_ > 0 && std::isxdigit(static_cast<unsigned char>(text_[at_ - 1])) != 0 &&
           at_ + 1 < text_.size() && std::isxdigit(static_cast<unsigned char>(text_[at_ + 1])) != 0;
  }

  void skip_until(std::string_view end, std::size_t swallow) {
    const auto found = text_.find(end, at_ + swallow);
    const auto stop = found == std::string::npos ? text_.size() : found + swallow;
    for (; at_ < stop; ++at_)
      if (text_[at_] == '\n') out_ += '\n';
  }

  void skip_raw() {
    const auto open = text_.find('(', at_);
    const std::string close = ")" + text_.substr(at_ + 1, open - at_ - 1) + "\"";
    out_ += '"';
    skip_until(close, close.size());
    out_ += '"';
  }

  void skip_quoted(char quote) {
    out_ += quote;
    for (++at_; at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n'; ++at_)
      if (text_[at_] == '\\') ++at_;
    out_ += quote;
    ++at_;
  }

  std::string text_;
  std::string out_;
  std::size_t at_ = 0;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

}  // namespace

bool SourceFile::is_under(std::string_view folder) const {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string SourceFile::folder() const {
  return fs::path(path).parent_path().string();
}

std::vector<Include> SourceFile::includes() const {
  static const std::regex pattern(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<Include> out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (std::regex_search(lines[i], match, pattern)) out.push_back({match[2], match[1] == "\"", i + 1});
  }
  return out;
}

std::vector<std::string> without_comments_and_literals(const std::vector<std::string>& lines) {
  std::istringstream text(Blanker(joined(lines)).run());
  std::vector<std::string> out;
  for (std::string line; std::getline(text, line);) out.push_back(line);
  return out;
}

std::vector<SourceFile> load(const std::vector<std::string>& folders,
                             const std::vector<std::string>& endings) {
  const fs::path top = MUSTER_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const std::string& folder : folders) {
    if (!fs::exists(top / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top / folder)) {
      const std::string path = fs::relative(entry.path(), top).string();
      const bool wanted = entry.is_regular_file() &&
                          std::any_of(endings.begin(), endings.end(),
                                      [&](const std::string& ending) { return path.ends_with(ending); });
      if (!wanted || path.find("/corpus/") != std::string::npos) continue;
      auto lines = read_lines(entry.path());
      auto code = without_comments_and_literals(lines);
      files.push_back({path, std::move(lines), std::move(code)});
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

std::optional<FolderRules> rules_of(std::string folder) {
  for (; !folder.empty(); folder = fs::path(folder).parent_path().string()) {
    const fs::path readme = fs::path(MUSTER_SOURCE_DIR) / folder / "README.md";
    if (!fs::exists(readme)) continue;
    const auto lines = read_lines(readme);
    FolderRules rules{folder, listed(lines, "May include:"), listed(lines, "Third party:")};
    if (!rules.may_include.empty()) return rules;
  }
  return std::nullopt;
}

std::string at(const SourceFile& file, std::size_t line, const std::string& what) {
  return file.path + ":" + std::to_string(line) + ": " + what;
}

std::string report(const std::vector<std::string>& offences) {
  std::string out;
  for (const std::string& each : offences) out += "\n" + each;
  return out;
}

}  // namespace muster::tidy
