// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.hpp"

#include "model/unicode.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json.hpp>

namespace muster::wire {
namespace {

bool is_word_of(std::string_view one_of, std::string_view word) {
  while (!one_of.empty()) {
    const auto bar = one_of.find('|');
    if (one_of.substr(0, bar) == word) return true;
    if (bar == std::string_view::npos) break;
    one_of.remove_prefix(bar + 1);
  }
  return false;
}

void append_integer(std::string& out, std::int64_t number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), end);
}

}  // namespace

void Problems::add(std::string_view path, std::string message) {
  list_.push_back({std::string(path), std::move(message)});
}

Error Problems::error() const {
  Error error{ErrorCode::invalid_argument, {}, {}, list_, {}};
  for (const FieldError& each : list_) {
    if (!error.message.empty()) error.message += "; ";
    error.message += each.field + ": " + each.message;
  }
  return error;
}

std::string join_path(std::string_view path, std::string_view name) {
  std::string out(path);
  if (!out.empty()) out += '.';
  return out += name;
}

std::string item_path(std::string_view path, std::size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

std::string allowed_words(std::string_view one_of) {
  std::string out;
  for (const char c : one_of) {
    if (c == '|')
      out += ", ";
    else
      out += c;
  }
  return out;
}

void report_unknown(const JsonMembers& object, const std::vector<std::string_view>& names,
                    std::string_view path, Problems& problems) {
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(names.begin(), names.end(), name) == names.end())
      problems.add(join_path(path, name), "is not a known field");
  }
}

void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems,
          std::string& out) {
  const auto* text = json.if_string();
  if (text == nullptr) return problems.add(path, "must be a string");
  out.assign(text->data(), text->size());
  if (const std::size_t length = model::count_code_points(out);
      length < rules.length_min || length > rules.length_max)
    return problems.add(path, "must have " + std::to_string(rules.length_min) + " to " +
                                  std::to_string(rules.length_max) + " characters");
  if (out.find('\0') != std::string::npos) return problems.add(path, "must not contain U+0000");
  if (!rules.one_of.empty() && !is_word_of(rules.one_of, out))
    problems.add(path, "must be one of " + allowed_words(rules.one_of));
}

void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems, Secret& out) {
  std::string text;
  read(json, rules, path, problems, text);
  out = Secret(std::move(text));
}

void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems,
          std::int64_t& out) {
  const bool fits = json.is_int64() || (json.is_uint64() && json.get_uint64() <= INT64_MAX);
  if (!fits) return problems.add(path, "must be a whole number");
  out = json.to_number<std::int64_t>();
  if (out < rules.value_min || out > rules.value_max)
    problems.add(
        path, "must be from " + std::to_string(rules.value_min) + " to " + std::to_string(rules.value_max));
}

void read(const Json& json, const FieldRules& /*rules*/, std::string_view path, Problems& problems,
          double& out) {
  if (!json.is_number()) return problems.add(path, "must be a number");
  out = json.to_number<double>();
}

void read(const Json& json, const FieldRules& /*rules*/, std::string_view path, Problems& problems,
          bool& out) {
  if (!json.is_bool()) return problems.add(path, "must be true or false");
  out = json.get_bool();
}

void read(const Json& json, const FieldRules& /*rules*/, std::string_view path, Problems& problems,
          Time& out) {
  std::string text;
  if (json.is_string()) text = std::string(json.get_string());
  if (auto time = parse_time(text))
    out = *time;
  else
    problems.add(path, time.error().message);
}

void read(const Json& json, const FieldRules& /*rules*/, std::string_view path, Problems& problems,
          UserId& out) {
  std::optional<UserId> id;
  if (json.is_string())
    id = UserId::parse(std::string_view(json.get_string().data(), json.get_string().size()));
  if (id)
    out = *id;
  else
    problems.add(path, "must be a user id: a decimal number in a string");
}

void read(const Json& json, const FieldRules& /*rules*/, std::string_view path, Problems& problems,
          SessionId& out) {
  std::optional<SessionId> id;
  if (json.is_string())
    id = SessionId::parse(std::string_view(json.get_string().data(), json.get_string().size()));
  if (id)
    out = *id;
  else
    problems.add(path, "must be a session id");
}

void read(const Json& json, const FieldRules& /*rules*/, std::string_view path, Problems& problems,
          JsonObject& out) {
  if (!json.is_object()) return problems.add(path, "must be an object");
  out.text = to_text(json);
  constexpr std::size_t size_max_bytes = 64 * 1024;
  if (out.text.size() > size_max_bytes) problems.add(path, "must be at most 64KiB of JSON");
}

void read(const Json& json, const FieldRules& /*rules*/, std::string_view /*path*/, Problems& /*problems*/,
          JsonValue& out) {
  out.text = to_text(json);
}

void write(std::string& out, std::string_view text) {
  append_json_string(out, text);
}
void write(std::string& out, std::int64_t number) {
  append_integer(out, number);
}
void write(std::string& out, double number) {
  append_json_number(out, number);
}
void write(std::string& out, const Secret& secret) {
  append_json_string(out, secret.reveal());
}
void write(std::string& out, Time time) {
  out += '"';
  out += format_time(time);
  out += '"';
}
void write(std::string& out, UserId id) {
  out += '"';
  append_integer(out, id.value);
  out += '"';
}
void write(std::string& out, const SessionId& id) {
  out += '"';
  out += id.text();
  out += '"';
}
void write(std::string& out, const JsonObject& object) {
  out += object.text;
}
void write(std::string& out, const JsonValue& value) {
  out += value.text;
}

}  // namespace muster::wire
