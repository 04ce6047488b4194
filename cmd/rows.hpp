// SPDX-License-Identifier: Apache-2.0
/// @file Rows of a bulk file, one at a time, in bounded memory: JSONL (an object a line), CSV (RFC 4180, the
/// first record names the fields) or plain text (a value a line). Each row keeps its bytes as they were read,
/// so that what failed can be fed back. Not thread-safe.
#pragma once

#include "base/result.hpp"
#include "wire/schema.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cmd {

enum class RowFormat : std::uint8_t { jsonl, csv, text };

struct Row {
  std::uint64_t line = 0;              ///< Where it begins, from 1.
  std::string raw;                     ///< As read, line end included.
  std::string object;                  ///< One JSON object; empty when there is a problem.
  std::optional<std::string> problem;  ///< Why it is no row.
  std::uint64_t end_bytes = 0;         ///< Offset behind it in the file.
  std::uint64_t end_line = 0;          ///< Number of the line behind it.
};

/// A CSV column's name and what its cells are.
using ColumnKinds = std::map<std::string, wire::Kind>;

/// Reads at most `size` bytes; 0 at the end.
using ByteSource = std::function<Result<std::size_t>(char* buffer, std::size_t size)>;

class RowReader {
 public:
  static constexpr std::size_t row_max_bytes = 1 << 20;

  /// `text_member` is the member a plain line's value goes into.
  RowReader(ByteSource source, RowFormat format, ColumnKinds columns, std::string text_member);

  /// False at the end. Errors: invalid_argument (a CSV header with unknown names, a row above row_max_bytes,
  /// bytes that no later row can be found behind), those of the source.
  Result<bool> next(Row& row);

  /// The CSV header as read; empty for the other formats or before the first row.
  [[nodiscard]] const std::string& header() const { return header_; }

  /// Goes on behind a place known from a row, in a source that begins there. The header was read before.
  Status resume(std::uint64_t offset_bytes, std::uint64_t line, const std::string& header);

 private:
  enum class Taken : std::uint8_t { end, record };

  Result<bool> fill();
  /// One record's bytes into `raw`: to the line end outside quotes.
  Result<Taken> take_record(std::string& raw);
  Status read_header();
  Status use_header(const std::string& raw);
  void make_object(Row& row) const;
  void object_from_csv(Row& row) const;

  ByteSource source_;
  RowFormat format_;
  ColumnKinds columns_;
  std::string text_member_;
  std::string header_;
  std::vector<std::string> names_;
  bool header_done_ = false;
  std::string buffer_;
  std::size_t used_ = 0;
  bool at_end_ = false;
  std::uint64_t offset_bytes_ = 0;
  std::uint64_t line_ = 1;
};

/// Whether the text is exactly one JSON object that can stand inside another document.
Status check_json_object(std::string_view text);

/// The text that csv_cell() in printer.hpp made the cell from; a cell of another origin is itself, but for a
/// ' before = + - @ " ' or a tab.
std::string csv_text(std::string_view cell);

/// The cells of one CSV record without its line end. Error: invalid_argument.
Result<std::vector<std::string>> csv_cells(std::string_view record);

}  // namespace muster::cmd
