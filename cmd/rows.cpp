// SPDX-License-Identifier: Apache-2.0
#include "cmd/rows.hpp"

#include "base/encoding.hpp"
#include "wire/json.hpp"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

namespace muster::cmd {
namespace {

namespace bj = boost::json;

constexpr std::size_t block_size_bytes = 256 * 1024;
/// A row becomes an item of a list of a request.
constexpr std::size_t row_depth_max = wire::json_depth_max - 2;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// Takes every event and builds nothing: only the grammar matters.
struct CheckingHandler {
  static constexpr std::size_t max_object_size = 1 << 20;
  static constexpr std::size_t max_array_size = 1 << 20;
  static constexpr std::size_t max_key_size = 1 << 20;
  static constexpr std::size_t max_string_size = 1 << 30;

  bool on_document_begin(bj::error_code& /*ec*/) { return true; }
  bool on_document_end(bj::error_code& /*ec*/) { return true; }
  bool on_object_begin(bj::error_code& /*ec*/) { return true; }
  bool on_object_end(std::size_t /*n*/, bj::error_code& /*ec*/) { return true; }
  bool on_array_begin(bj::error_code& /*ec*/) { return true; }
  bool on_array_end(std::size_t /*n*/, bj::error_code& /*ec*/) { return true; }
  bool on_key_part(bj::string_view /*s*/, std::size_t /*n*/, bj::error_code& /*ec*/) { return true; }
  bool on_key(bj::string_view /*s*/, std::size_t /*n*/, bj::error_code& /*ec*/) { return true; }
  bool on_string_part(bj::string_view /*s*/, std::size_t /*n*/, bj::error_code& /*ec*/) { return true; }
  bool on_string(bj::string_view /*s*/, std::size_t /*n*/, bj::error_code& /*ec*/) { return true; }
  bool on_number_part(bj::string_view /*s*/, bj::error_code& /*ec*/) { return true; }
  bool on_int64(std::int64_t /*i*/, bj::string_view /*s*/, bj::error_code& /*ec*/) { return true; }
  bool on_uint64(std::uint64_t /*u*/, bj::string_view /*s*/, bj::error_code& /*ec*/) { return true; }
  bool on_double(double /*d*/, bj::string_view /*s*/, bj::error_code& /*ec*/) { return true; }
  bool on_bool(bool /*b*/, bj::error_code& /*ec*/) { return true; }
  bool on_null(bj::error_code& /*ec*/) { return true; }
  bool on_comment_part(bj::string_view /*s*/, bj::error_code& /*ec*/) { return true; }
  bool on_comment(bj::string_view /*s*/, bj::error_code& /*ec*/) { return true; }
};

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::uint64_t count_lines(std::string_view text) {
  std::uint64_t count = 0;
  for (const char c : text) count += c == '\n' ? 1 : 0;
  return count;
}

/// Where a reader of CSV is; a quote means something only where a cell begins.
enum class CellState : std::uint8_t { begins, plain, quoted, quote_seen };

CellState after(CellState state, char c) {
  if (state == CellState::quoted) return c == '"' ? CellState::quote_seen : CellState::quoted;
  if (c == ',') return CellState::begins;
  if (c == '"' && state != CellState::plain) return CellState::quoted;
  return c == '\r' && state == CellState::quote_seen ? state : CellState::plain;
}

/// A list's cell: a JSON array, or words with commas, semicolons or bars between them.
std::string list_json(std::string_view cell) {
  std::string out = "[";
  while (!cell.empty()) {
    const auto end = cell.find_first_of(",;|");
    const std::string_view word = trimmed(cell.substr(0, end));
    if (!word.empty()) {
      if (out.size() > 1) out += ',';
      wire::append_json_string(out, word);
    }
    if (end == std::string_view::npos) break;
    cell.remove_prefix(end + 1);
  }
  return out + "]";
}

/// Appends the cell as a JSON value of that kind. Error: why it is none.
Status append_cell(std::string& out, wire::Kind kind, const std::string& cell) {
  const bool is_json = kind == wire::Kind::object || kind == wire::Kind::any ||
                       kind == wire::Kind::structure ||
                       (kind == wire::Kind::list && trimmed(cell).starts_with('['));
  if (is_json) {
    MUSTER_TRY(const wire::Json json, wire::parse_json(cell));
    out += wire::to_text(json);
    return {};
  }
  if (kind == wire::Kind::list) {
    out += list_json(cell);
    return {};
  }
  if (kind == wire::Kind::integer || kind == wire::Kind::number || kind == wire::Kind::boolean) {
    wire::FieldInfo info;
    info.kind = kind;
    info.name = "cell";
    MUSTER_TRY(const wire::Json json, wire::json_from_text(info, cell));
    out += wire::to_text(json);
    return {};
  }
  wire::append_json_string(out, cell);
  return {};
}

}  // namespace

Status check_json_object(std::string_view text) {
  if (!text.starts_with('{')) return fail(ErrorCode::invalid_argument, "must be one JSON object");
  bj::parse_options options;
  options.max_depth = row_depth_max;
  // One parser a thread: making one for each of a million rows is most of the cost.
  thread_local bj::basic_parser<CheckingHandler> parser(options);
  parser.reset();
  bj::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error)
    return fail(ErrorCode::invalid_argument,
                "not valid JSON: " + error.message() + " at byte " + std::to_string(used));
  if (!trimmed(text.substr(used)).empty())
    return fail(ErrorCode::invalid_argument, "text after the object at byte " + std::to_string(used));
  return {};
}

std::string csv_text(std::string_view cell) {
  constexpr std::string_view guarded = "=+-@\t'";
  if (cell.size() < 2 || cell[0] != '\'') return std::string(cell);
  if (guarded.find(cell[1]) != std::string_view::npos) return std::string(cell.substr(1));
  if (cell[1] != '"') return std::string(cell);
  const auto json = wire::parse_json(cell.substr(1));
  const auto* text = json ? json->if_string() : nullptr;
  return text == nullptr ? std::string(cell) : std::string(text->data(), text->size());
}

Result<std::vector<std::string>> csv_cells(std::string_view record) {
  std::vector<std::string> cells;
  std::size_t at = 0;
  for (;;) {
    std::string cell;
    if (at < record.size() && record[at] == '"') {
      for (++at;; ++at) {
        if (at == record.size()) return fail(ErrorCode::invalid_argument, "a quoted cell does not end");
        if (record[at] != '"') {
          cell += record[at];
        } else if (at + 1 < record.size() && record[at + 1] == '"') {
          cell += record[at++];
        } else {
          ++at;
          break;
        }
      }
      if (at < record.size() && record[at] != ',')
        return fail(ErrorCode::invalid_argument, "text after a quoted cell");
    } else {
      const auto end = std::min(record.find(',', at), record.size());
      cell = record.substr(at, end - at);
      if (cell.find('"') != std::string::npos)
        return fail(ErrorCode::invalid_argument, "a quote inside a cell that is not quoted");
      at = end;
    }
    cells.push_back(std::move(cell));
    if (at == record.size()) return cells;
    ++at;
  }
}

RowReader::RowReader(ByteSource source, RowFormat format, ColumnKinds columns, std::string text_member)
    : source_(std::move(source)),
      format_(format),
      columns_(std::move(columns)),
      text_member_(std::move(text_member)),
      header_done_(format != RowFormat::csv) {}

Result<bool> RowReader::fill() {
  if (at_end_) return false;
  if (used_ > block_size_bytes || used_ == buffer_.size()) {
    buffer_.erase(0, used_);
    used_ = 0;
  }
  const std::size_t before = buffer_.size();
  buffer_.resize(before + block_size_bytes);
  auto size = source_(buffer_.data() + before, block_size_bytes);
  buffer_.resize(before + (size ? *size : 0));
  if (!size) return fail(std::move(size).error());
  at_end_ = *size == 0;
  return !at_end_;
}

Result<RowReader::Taken> RowReader::take_record(std::string& raw) {
  auto state = CellState::begins;
  std::size_t looked = 0;
  for (;;) {
    const std::string_view rest = std::string_view(buffer_).substr(used_);
    std::size_t end = std::string_view::npos;
    if (format_ == RowFormat::csv) {
      for (; looked < rest.size() && end == std::string_view::npos; ++looked) {
        if (rest[looked] == '\n' && state != CellState::quoted) end = looked;
        state = after(state, rest[looked]);
      }
    } else {
      end = rest.find('\n', looked);
      looked = rest.size();
    }
    if (end == std::string_view::npos && rest.size() <= row_max_bytes) {
      MUSTER_TRY(const bool more, fill());
      if (more) continue;
      if (used_ == buffer_.size()) return Taken::end;
      end = buffer_.size() - used_ - 1;
    }
    if (end >= row_max_bytes)
      return fail(ErrorCode::invalid_argument,
                  "line " + std::to_string(line_) + ": the row is longer than " +
                      std::to_string(row_max_bytes) + " bytes" +
                      (state == CellState::quoted ? " (a quoted cell may not end)" : ""));
    raw.assign(buffer_, used_, end + 1);
    used_ += end + 1;
    return Taken::record;
  }
}

Status RowReader::use_header(const std::string& raw) {
  std::string_view text = raw;
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  auto cells = csv_cells(without_line_end(text));
  if (!cells) return fail(ErrorCode::invalid_argument, "line 1: " + cells.error().message);
  std::string known;
  for (const auto& [name, kind] : columns_) known += (known.empty() ? "" : ", ") + name;
  std::map<std::string, bool> seen;
  for (std::string& cell : *cells) {
    cell = std::string(trimmed(cell));
    if (!columns_.contains(cell))
      return fail(ErrorCode::invalid_argument,
                  "line 1: there is no column \"" + cell + "\"; the columns are " + known);
    if (!seen.emplace(cell, true).second)
      return fail(ErrorCode::invalid_argument, "line 1: the column \"" + cell + "\" is there twice");
  }
  names_ = std::move(*cells);
  header_ = raw;
  header_done_ = true;
  return {};
}

Status RowReader::read_header() {
  std::string raw;
  MUSTER_TRY(const Taken taken, take_record(raw));
  if (taken == Taken::end) {
    header_done_ = true;
    return {};
  }
  MUSTER_CHECK_OK(use_header(raw));
  offset_bytes_ += raw.size();
  line_ += count_lines(raw);
  return {};
}

Status RowReader::resume(std::uint64_t offset_bytes, std::uint64_t line, const std::string& header) {
  if (format_ == RowFormat::csv) MUSTER_CHECK_OK(use_header(header));
  offset_bytes_ = offset_bytes;
  line_ = line;
  return {};
}

void RowReader::object_from_csv(Row& row) const {
  const auto cells = csv_cells(without_line_end(row.raw));
  if (!cells) {
    row.problem = cells.error().message;
    return;
  }
  if (cells->size() != names_.size()) {
    row.problem = "has " + std::to_string(cells->size()) + " cells, but the header names " +
                  std::to_string(names_.size());
    return;
  }
  std::string object = "{";
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if ((*cells)[i].empty()) continue;
    if (object.size() > 1) object += ',';
    wire::append_json_string(object, names_[i]);
    object += ':';
    if (auto status = append_cell(object, columns_.at(names_[i]), csv_text((*cells)[i])); !status) {
      row.problem = names_[i] + ": " + status.error().message;
      return;
    }
  }
  row.object = object + "}";
}

void RowReader::make_object(Row& row) const {
  if (!is_utf8(row.raw)) {
    row.problem = "is not UTF-8";
    return;
  }
  if (format_ == RowFormat::csv) return object_from_csv(row);
  std::string_view text = row.raw;
  if (row.line == 1 && text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  text = trimmed(text);
  if (format_ == RowFormat::text && !text.starts_with('{')) {
    row.object = "{";
    wire::append_json_string(row.object, text_member_);
    row.object += ':';
    wire::append_json_string(row.object, text);
    row.object += '}';
    return;
  }
  if (auto status = check_json_object(text); !status) {
    row.problem = status.error().message;
    return;
  }
  row.object.assign(text);
}

Result<bool> RowReader::next(Row& row) {
  if (!header_done_) MUSTER_CHECK_OK(read_header());
  for (;;) {
    row.object.clear();
    row.problem.reset();
    MUSTER_TRY(const Taken taken, take_record(row.raw));
    if (taken == Taken::end) return false;
    row.line = line_;
    line_ += count_lines(row.raw);
    offset_bytes_ += row.raw.size();
    row.end_line = line_;
    row.end_bytes = offset_bytes_;
    if (trimmed(row.raw).empty()) continue;
    make_object(row);
    return true;
  }
}

}  // namespace muster::cmd
