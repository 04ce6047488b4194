// SPDX-License-Identifier: Apache-2.0
#include "wire/json.hpp"

#include "base/encoding.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

namespace muster::wire {
namespace {

namespace bj = boost::json;

/// Builds the tree and counts the members that were written, so that a duplicate, which the tree drops,
/// shows.
struct CountingHandler {
  static constexpr std::size_t max_object_size = 1 << 20;
  static constexpr std::size_t max_array_size = 1 << 20;
  static constexpr std::size_t max_key_size = 1 << 20;
  static constexpr std::size_t max_string_size = 1 << 30;

  bj::value_stack stack;
  std::size_t members = 0;
  std::string number;

  bool on_document_begin(bj::error_code& /*ec*/) { return true; }
  bool on_document_end(bj::error_code& /*ec*/) { return true; }
  bool on_object_begin(bj::error_code& /*ec*/) { return true; }
  bool on_object_end(std::size_t n, bj::error_code& /*ec*/) {
    members += n;
    stack.push_object(n);
    return true;
  }
  bool on_array_begin(bj::error_code& /*ec*/) { return true; }
  bool on_array_end(std::size_t n, bj::error_code& /*ec*/) {
    stack.push_array(n);
    return true;
  }
  bool on_key_part(bj::string_view s, std::size_t /*n*/, bj::error_code& /*ec*/) {
    stack.push_chars(s);
    return true;
  }
  bool on_key(bj::string_view s, std::size_t /*n*/, bj::error_code& /*ec*/) {
    stack.push_key(s);
    return true;
  }
  bool on_string_part(bj::string_view s, std::size_t /*n*/, bj::error_code& /*ec*/) {
    stack.push_chars(s);
    return true;
  }
  bool on_string(bj::string_view s, std::size_t /*n*/, bj::error_code& /*ec*/) {
    stack.push_string(s);
    return true;
  }
  bool on_number_part(bj::string_view s, bj::error_code& /*ec*/) {
    number.append(s.data(), s.size());
    return true;
  }
  bool on_int64(std::int64_t i, bj::string_view /*s*/, bj::error_code& /*ec*/) {
    number.clear();
    stack.push_int64(i);
    return true;
  }
  bool on_uint64(std::uint64_t u, bj::string_view /*s*/, bj::error_code& /*ec*/) {
    number.clear();
    stack.push_uint64(u);
    return true;
  }
  bool on_double(double d, bj::string_view s, bj::error_code& ec) {
    // The parser's own value may be one unit in the last place off.
    number.append(s.data(), s.size());
    std::from_chars(number.data(), number.data() + number.size(), d);
    number.clear();
    if (!std::isfinite(d)) {
      ec = bj::error::exponent_overflow;
      return false;
    }
    stack.push_double(d);
    return true;
  }
  bool on_bool(bool b, bj::error_code& /*ec*/) {
    stack.push_bool(b);
    return true;
  }
  bool on_null(bj::error_code& /*ec*/) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(bj::string_view /*s*/, bj::error_code& /*ec*/) { return true; }
  bool on_comment(bj::string_view /*s*/, bj::error_code& /*ec*/) { return true; }
};

std::size_t count_members(const Json& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count += object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) count += count_members(item);
  }
  return count;
}

template <class T>
void append_number(std::string& out, T number) {
  std::array<char, 32> buffer{};
  out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr);
}

void append_json(std::string& out, const Json& value) {
  char separator = '\0';
  const auto next = [&](char opening) {
    out += separator == '\0' ? opening : separator;
    separator = ',';
  };
  if (const auto* object = value.if_object()) {
    if (object->empty()) out += '{';
    for (const auto& member : *object) {
      next('{');
      append_json_string(out, std::string_view(member.key().data(), member.key().size()));
      out += ':';
      append_json(out, member.value());
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    if (array->empty()) out += '[';
    for (const Json& item : *array) {
      next('[');
      append_json(out, item);
    }
    out += ']';
  } else if (const auto* text = value.if_string()) {
    append_json_string(out, std::string_view(text->data(), text->size()));
  } else if (const auto* real = value.if_double()) {
    append_json_number(out, *real);
  } else if (const auto* whole = value.if_int64()) {
    append_number(out, *whole);
  } else if (const auto* natural = value.if_uint64()) {
    append_number(out, *natural);
  } else if (const auto* truth = value.if_bool()) {
    out += *truth ? "true" : "false";
  } else {
    out += "null";
  }
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  const auto malformed = [](std::string why) {
    return fail(ErrorCode::invalid_argument, "not valid JSON: " + std::move(why));
  };
  try {
    bj::parse_options options;
    options.max_depth = json_depth_max;
    bj::basic_parser<CountingHandler> parser(options);
    parser.handler().stack.reset();
    bj::error_code error;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
    if (error) return malformed(error.message() + " at byte " + std::to_string(used));
    if (const auto rest = text.find_first_not_of(" \t\r\n", used); rest != std::string_view::npos)
      return malformed("text after the value at byte " + std::to_string(rest));
    Json value = parser.handler().stack.release();
    if (count_members(value) != parser.handler().members) return malformed("a member is there twice");
    return value;
  } catch (const std::exception& exception) {
    return malformed(exception.what());
  }
}

std::string to_text(const Json& value) {
  std::string out;
  append_json(out, value);
  return out;
}

void append_json_number(std::string& out, double number) {
  // Without its fraction the negative zero would read as an integer.
  if (number == 0 && std::signbit(number))
    out += "-0.0";
  else if (std::isfinite(number))
    append_number(out, number);
  else
    out += "null";
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const bool sound = is_utf8(text);
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    // Terminals obey U+0080 to U+009F as they do escape sequences.
    const bool c1_control =
        sound && byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    const auto code = c1_control ? static_cast<unsigned char>(text[++i]) : byte;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f || c1_control) {
      out += "\\u00";
      out += digits[code >> 4];
      out += digits[code & 15];
    } else if (byte >= 0x80 && !sound) {
      out += "\xef\xbf\xbd";
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace muster::wire
