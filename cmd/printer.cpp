// SPDX-License-Identifier: Apache-2.0
#include "cmd/printer.hpp"

#include "base/system_reason.hpp"
#include "cmd/rows.hpp"
#include "cmd/yaml.hpp"
#include "wire/schema.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include <boost/json.hpp>
#include <signal.h>  // pthread_sigmask and the sets are not in <csignal>
#include <wchar.h>   // wcwidth is not in <cwchar>

namespace muster::cmd {
namespace {

using wire::Json;

bool is_scalar(const Json& value) {
  return !value.is_object() && !value.is_array();
}

bool is_list_of_objects(const Json& value) {
  const auto* list = value.if_array();
  return list != nullptr && !list->empty() &&
         std::all_of(list->begin(), list->end(), [](const Json& each) { return each.is_object(); });
}

/// The members of the items in the order they come up.
Columns columns_of(const std::vector<Json>& items) {
  Columns columns;
  for (const Json& item : items) {
    if (!item.is_object()) return {"value"};
    for (const auto& member : item.get_object()) {
      std::string name(member.key());
      if (std::find(columns.begin(), columns.end(), name) == columns.end())
        columns.push_back(std::move(name));
    }
  }
  return columns;
}

const Json& member_of(const Json& item, const std::string& name) {
  static const Json nothing;
  if (!item.is_object()) return name == "value" ? item : nothing;
  const auto* found = item.get_object().if_contains(name);
  return found == nullptr ? nothing : *found;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return out;
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t has = display_width(text);
  if (has < width) text.append(width - has, ' ');
  return text;
}

Status write_failure() {
  const int number = errno;
  if (number == EPIPE) {
    // Nobody reads any more, as in `| head -1`: end as quietly as every other program does.
    std::signal(SIGPIPE, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGPIPE);
    (void)std::raise(SIGPIPE);
    pthread_sigmask(SIG_UNBLOCK, &only, nullptr);  // A parent may have left it blocked.
  }
  return fail(ErrorCode::internal, "cannot write standard output: " + system_reason(number));
}

/// A role may have a thousand permissions: -o json shows them all.
constexpr std::size_t table_cell_width_max = 64;

std::string clipped(std::string text) {
  if (display_width(text) <= table_cell_width_max) return text;
  std::size_t size = table_cell_width_max - 3;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size) + "...";
}

/// Whether it is one of U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069, with which one user's name can
/// make a line read as if it said something else.
bool reorders(std::string_view character) {
  if (character.size() != 3 || !character.starts_with("\xe2")) return false;
  const auto second = static_cast<unsigned char>(character[1]);
  const auto third = static_cast<unsigned char>(character[2]);
  if (second == 0x80) return third == 0x8e || third == 0x8f || (third >= 0xaa && third <= 0xae);
  return second == 0x81 && third >= 0xa6 && third <= 0xa9;
}

/// Other than a tab and a new line.
bool has_controls(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

std::string bold(const std::string& text, bool wanted) {
  return wanted ? "\x1b[1m" + text + "\x1b[0m" : text;
}

}  // namespace

struct Printer::ListState {
  Columns columns;
  std::vector<std::size_t> widths;
  bool columns_known = false;
  std::size_t count = 0;
  std::optional<YamlWriter> yaml;
};

Printer::Printer(Format format, std::FILE* out, bool bold_headers)
    : format_(format), out_(out), bold_headers_(bold_headers) {}
Printer::~Printer() = default;

Status Printer::raw(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), out_) == text.size()) return {};
  return write_failure();
}

Status Printer::flush() {
  if (std::fflush(out_) == 0) return {};
  return write_failure();
}

Status Printer::print(const Json& data, const Columns& columns) {
  const Json* list = nullptr;
  std::string next_cursor;
  if (data.is_array()) list = &data;
  if (data.is_object() && data.get_object().contains("items") && data.get_object().at("items").is_array()) {
    list = &data.get_object().at("items");
    const auto* cursor = data.get_object().if_contains("next_cursor");
    if (cursor != nullptr && cursor->is_string()) next_cursor = std::string(cursor->get_string());
  }
  const bool whole = format_ == Format::json || format_ == Format::yaml;
  if (list == nullptr || whole) return print_one(data, columns);
  MUSTER_CHECK_OK(begin_list(columns));
  MUSTER_CHECK_OK(items({list->get_array().begin(), list->get_array().end()}));
  return end_list(next_cursor);
}

Status Printer::print_one(const Json& data, const Columns& columns) {
  switch (format_) {
    case Format::json:
      return raw(pretty_json(data, 0) + "\n");
    case Format::jsonl:
      return raw(wire::to_text(data) + "\n");
    case Format::yaml: {
      MUSTER_TRY(const std::string text, to_yaml(data));
      return raw(text);
    }
    case Format::csv:
      if (data.is_null()) return {};
      MUSTER_CHECK_OK(begin_list(columns));
      return csv_items({data});
    case Format::id: {
      const std::string id = id_of(data);
      return id.empty() ? Status{} : raw(id + "\n");
    }
    case Format::table:
      break;
  }
  if (!data.is_object()) return data.is_null() ? Status{} : raw(printable(cell_text(data, format_)) + "\n");
  return table_record(data);
}

Status Printer::table_record(const Json& data) {
  std::size_t width = 0;
  for (const auto& member : data.get_object())
    if (!is_list_of_objects(member.value())) width = std::max(width, member.key().size());
  const auto name_of = [](const auto& member) { return upper({member.key().data(), member.key().size()}); };
  for (const auto& member : data.get_object()) {
    if (is_list_of_objects(member.value())) continue;
    const std::string text = printable(cell_text(member.value(), format_));
    MUSTER_CHECK_OK(raw(text.empty()
                            ? bold(name_of(member), bold_headers_) + "\n"
                            : bold(padded(name_of(member), width), bold_headers_) + "  " + text + "\n"));
  }
  for (const auto& member : data.get_object()) {
    if (!is_list_of_objects(member.value())) continue;
    MUSTER_CHECK_OK(raw("\n" + bold(name_of(member), bold_headers_) + "\n"));
    MUSTER_CHECK_OK(begin_list({}));
    const auto& items = member.value().get_array();
    MUSTER_CHECK_OK(table_items({items.begin(), items.end()}));
    list_.reset();
  }
  return {};
}

Status Printer::begin_list(const Columns& columns) {
  list_ = std::make_unique<ListState>();
  list_->columns = columns;
  list_->columns_known = !columns.empty();
  if (format_ == Format::json) return raw("{\n  \"items\": [");
  if (format_ == Format::yaml) {
    list_->yaml.emplace();
    list_->yaml->begin_object();
    list_->yaml->key("items");
    list_->yaml->begin_list();
  }
  return {};
}

Status Printer::items(const std::vector<Json>& items) {
  switch (format_) {
    case Format::table:
      return table_items(items);
    case Format::csv:
      return csv_items(items);
    case Format::json:
      for (const Json& item : items)
        MUSTER_CHECK_OK(raw((list_->count++ == 0 ? std::string("\n    ") : std::string(",\n    ")) +
                            pretty_json(item, 2)));
      return {};
    case Format::yaml: {
      for (const Json& item : items) list_->yaml->value(item);
      MUSTER_TRY(const std::string text, list_->yaml->take());
      return raw(text);
    }
    case Format::jsonl:
      for (const Json& item : items) MUSTER_CHECK_OK(raw(wire::to_text(item) + "\n"));
      return {};
    case Format::id:
      for (const Json& item : items) MUSTER_CHECK_OK(raw(id_of(item) + "\n"));
      return {};
  }
  return {};
}

Status Printer::end_list(const std::string& next_cursor) {
  const Json cursor = next_cursor.empty() ? Json(nullptr) : Json(boost::json::string(next_cursor));
  if (format_ == Format::json)
    return raw((list_->count == 0 ? std::string("],") : std::string("\n  ],")) +
               "\n  \"next_cursor\": " + wire::to_text(cursor) + "\n}\n");
  if (format_ == Format::yaml) {
    list_->yaml->end_list();
    list_->yaml->key("next_cursor");
    list_->yaml->value(cursor);
    list_->yaml->end_object();
    list_->yaml->finish();
    MUSTER_TRY(const std::string text, list_->yaml->take());
    return raw(text);
  }
  return {};
}

Status Printer::table_items(const std::vector<Json>& items) {
  ListState& list = *list_;
  const bool first = list.widths.empty();
  if (items.empty() && first) return {};
  if (first) {
    const Columns all = list.columns_known ? list.columns : columns_of(items);
    list.columns.clear();
    // A column that says nothing about any of the items only takes room.
    for (const std::string& name : all)
      if (std::any_of(items.begin(), items.end(), [&](const Json& item) {
            const Json& value = member_of(item, name);
            return !value.is_object() && !cell_text(value, format_).empty();
          }))
        list.columns.push_back(name);
    for (const std::string& name : list.columns) list.widths.push_back(name.size());
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& item : items) {
    std::vector<std::string> row;
    for (std::size_t i = 0; i < list.columns.size(); ++i) {
      const Json& value = member_of(item, list.columns[i]);
      const std::string text = printable(cell_text(value, format_));
      row.push_back(value.is_array() ? clipped(text) : text);
      list.widths[i] = std::max(list.widths[i], display_width(row.back()));
    }
    rows.push_back(std::move(row));
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i)
      out += i + 1 == cells.size() ? cells[i] : padded(cells[i], list.widths[i]) + "  ";
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
  };
  if (first) {
    std::vector<std::string> header;
    for (const std::string& name : list.columns) header.push_back(upper(name));
    MUSTER_CHECK_OK(raw(bold(line(header), bold_headers_) + "\n"));
  }
  for (const auto& row : rows) MUSTER_CHECK_OK(raw(line(row) + "\n"));
  return {};
}

Status Printer::csv_items(const std::vector<Json>& items) {
  ListState& list = *list_;
  if (list.count == 0) {
    if (!list.columns_known) list.columns = columns_of(items);
    if (list.columns.empty()) return {};
    MUSTER_CHECK_OK(raw(csv_record(list.columns)));
    ++list.count;
  }
  for (const Json& item : items) {
    std::vector<std::string> cells;
    for (const std::string& name : list.columns) {
      const Json& value = member_of(item, name);
      const std::string text = cell_text(value, format_);
      cells.push_back(value.is_string() ? csv_cell(text) : text);
    }
    MUSTER_CHECK_OK(raw(csv_record(cells)));
  }
  return {};
}

std::string cell_text(const Json& value, Format format) {
  if (value.is_null()) return {};
  if (const auto* list = value.if_array();
      list != nullptr && format == Format::table && std::all_of(list->begin(), list->end(), is_scalar))
    return wire::text_from_json(value);
  if (const auto* text = value.if_string()) return std::string(text->data(), text->size());
  return wire::to_text(value);
}

std::string id_of(const Json& value) {
  if (is_scalar(value)) return printable(cell_text(value, Format::id));
  if (!value.is_object()) return printable(wire::to_text(value));
  constexpr std::array<const char*, 10> names{"id",   "session_id", "user_id",   "name", "kid",
                                              "role", "permission", "plan_hash", "seq",  "epoch"};
  const auto& object = value.get_object();
  for (const char* name : names)
    if (const auto* found = object.if_contains(name);
        found != nullptr && is_scalar(*found) && !found->is_null())
      return printable(cell_text(*found, Format::id));
  for (const auto& member : object)
    if (is_scalar(member.value()) && !member.value().is_null())
      return printable(cell_text(member.value(), Format::id));
  for (const auto& member : object)
    if (member.value().is_object()) return id_of(member.value());
  return {};
}

std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1_control =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || c1_control) {
      const auto shown = c1_control ? static_cast<unsigned char>(text[++i]) : byte;
      out += "\\x";
      out += digits[shown >> 4];
      out += digits[shown & 15];
    } else if (reorders(text.substr(i, 3))) {
      out += "\xef\xbf\xbd";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::mbstate_t state{};
  std::size_t width = 0;
  while (!text.empty()) {
    wchar_t point = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): what it remembers is in `state`
    const std::size_t used = std::mbrtowc(&point, text.data(), text.size(), &state);
    if (used == 0 || used > text.size()) {
      state = {};
      text.remove_prefix(1);
      ++width;
      continue;
    }
    text.remove_prefix(used);
    const int columns = wcwidth(point);
    width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
  }
  return width;
}

std::string csv_cell(std::string_view text) {
  std::string out = "'";
  if (has_controls(text)) {
    wire::append_json_string(out, text);
    return out;
  }
  constexpr std::string_view formula_begins = "=+-@\t";
  constexpr std::string_view digits = "0123456789.";
  const bool number = text.size() > 1 && (text[0] == '+' || text[0] == '-') &&
                      text.find_first_not_of(digits, 1) == std::string_view::npos;
  const bool formula = !text.empty() && formula_begins.find(text[0]) != std::string_view::npos && !number;
  if (formula || csv_text(text) != text) return out += text;
  return std::string(text);
}

std::string csv_record(const std::vector<std::string>& cells) {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i != 0) out += ',';
    if (cells[i].find_first_of(",\"\r\n") == std::string::npos && (cells.size() > 1 || !cells[i].empty())) {
      out += cells[i];
      continue;
    }
    out += '"';
    for (const char c : cells[i]) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }
  return out += "\r\n";
}

std::string pretty_json(const Json& value, std::size_t depth) {
  const std::string indent((depth + 1) * 2, ' ');
  std::string out;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    for (const auto& member : *object) {
      out += out.size() == 1 ? "\n" : ",\n";
      out += indent;
      wire::append_json_string(out, {member.key().data(), member.key().size()});
      out += ": " + pretty_json(member.value(), depth + 1);
    }
    return out += "\n" + std::string(depth * 2, ' ') + "}";
  }
  if (const auto* list = value.if_array(); list != nullptr && !list->empty()) {
    out += '[';
    for (const Json& item : *list) {
      out += out.size() == 1 ? "\n" : ",\n";
      out += indent + pretty_json(item, depth + 1);
    }
    return out += "\n" + std::string(depth * 2, ' ') + "]";
  }
  return wire::to_text(value);
}

}  // namespace muster::cmd
