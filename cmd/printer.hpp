// SPDX-License-Identifier: Apache-2.0
/// @file Data on standard output, in the format that was asked for. A value is printed whole; a list may be
/// printed page by page, in bounded memory. Nothing but data goes through here.
/// Not thread-safe.
#pragma once

#include "base/result.hpp"
#include "cmd/globals.hpp"
#include "wire/json.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmd {

using Columns = std::vector<std::string>;

class Printer {
 public:
  Printer(Format format, std::FILE* out, bool bold_headers);
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;
  ~Printer();

  [[nodiscard]] Format format() const { return format_; }
  /// For a command whose own default is another format; what the user asked for stays.
  void prefer(Format format, bool given) {
    if (!given) format_ = format;
  }

  /// An object, a list or `{"items":[...],"next_cursor":...}`. `columns` are the members of an item in order;
  /// empty: those of the first items. Error: internal when standard output cannot be written.
  Status print(const wire::Json& data, const Columns& columns = {});

  Status begin_list(const Columns& columns);
  Status items(const std::vector<wire::Json>& items);
  Status end_list(const std::string& next_cursor);

  /// Text as it is: exports that have their own format.
  Status raw(std::string_view text);
  Status flush();

 private:
  struct ListState;

  Status print_one(const wire::Json& data, const Columns& columns);
  /// Its lists of objects are tables below it.
  Status table_record(const wire::Json& data);
  Status table_items(const std::vector<wire::Json>& items);
  Status csv_items(const std::vector<wire::Json>& items);

  Format format_;
  std::FILE* out_;
  bool bold_headers_;
  std::unique_ptr<ListState> list_;
};

/// How a value stands in a cell: text as it is, nothing for null, JSON for what has members. In a table a
/// list of scalars is joined by commas.
std::string cell_text(const wire::Json& value, Format format);

/// What names the object: its id, name or key; else its first scalar.
std::string id_of(const wire::Json& value);

/// Without control characters, which could talk to the terminal: they are written as \n or \x1b.
std::string printable(std::string_view text);
/// Columns of the terminal that the text takes.
std::size_t display_width(std::string_view text);

/// One CSV record of RFC 4180, its line end included.
/// A text as a cell that a spreadsheet takes for no formula and a terminal for no command; csv_text() in
/// rows.hpp is the way back. What begins with = + - @ or a tab, other than a number, gets a ' in front; what
/// has a control character other than a tab or a new line becomes ' and a JSON string. What looks like either
/// already gets a ' in front too.
std::string csv_cell(std::string_view text);
std::string csv_record(const std::vector<std::string>& cells);

/// Indented, for people and for other programs alike.
std::string pretty_json(const wire::Json& value, std::size_t depth);

}  // namespace muster::cmd
