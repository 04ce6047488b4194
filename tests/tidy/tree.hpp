// SPDX-License-Identifier: Apache-2.0
/// @file The source tree as the tidy tests see it: files with their lines, and the same lines with comments
/// and literals blanked, so that a rule about code is not fooled by prose. Value types.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::tidy {

struct Include {
  std::string name;     ///< "base/result.hpp" or "vector".
  bool quoted = false;  ///< "..." rather than <...>.
  std::size_t line = 0;
};

struct SourceFile {
  std::string path;  ///< Relative to the top: "lib/base/ids.cpp".
  std::vector<std::string> lines;
  std::vector<std::string> code;  ///< `lines` without comments and without what is inside literals.

  [[nodiscard]] bool is_header() const { return path.ends_with(".hpp"); }
  [[nodiscard]] bool is_under(std::string_view folder) const;
  [[nodiscard]] std::string folder() const;
  [[nodiscard]] std::vector<Include> includes() const;
};

/// The files below the folders of the top that end in one of `endings`, by path.
std::vector<SourceFile> load(const std::vector<std::string>& folders,
                             const std::vector<std::string>& endings);

/// Blanks comments, strings (raw ones too) and character literals; the lines keep their numbers.
std::vector<std::string> without_comments_and_literals(const std::vector<std::string>& lines);

/// What a folder's README allows.
struct FolderRules {
  std::string folder;
  std::vector<std::string> may_include;
  std::vector<std::string> third_party;
};

/// The rules of `folder`, or of the nearest folder above that has a README with them.
std::optional<FolderRules> rules_of(std::string folder);

/// "path:line: what", for the report of an offence.
std::string at(const SourceFile& file, std::size_t line, const std::string& what);

/// Offences one a line, so that one run shows them all.
std::string report(const std::vector<std::string>& offences);

}  // namespace muster::tidy
