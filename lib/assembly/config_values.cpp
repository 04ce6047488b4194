// SPDX-License-Identifier: Apache-2.0
#include "assembly/config.hpp"
#include "base/encoding.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace muster::assembly {
namespace {

Status not_allowed(const ConfigField& field) {
  return fail(ErrorCode::invalid_argument, "must be " + allowed_values(field));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const auto port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65'535) return false;
  if (host.front() == '[') return host.back() == ']' && host.size() > 2;
  return host.find_first_of(":[]/ ") == std::string_view::npos;
}

bool can_be_off(const ConfigField& field) {
  return field.name == "admin.socket" || field.name == "admin.listen" || field.name == "redis.url";
}

bool within(const ConfigField& field, std::int64_t value) {
  return field.minimum <= value && value <= field.maximum;
}

Status set_number(Config& config, const ConfigField& field, std::string_view text) {
  std::optional<std::int64_t> value;
  if (field.kind == ConfigKind::duration) {
    if (const auto parsed = parse_duration(text)) value = parsed->count();
  } else if (field.kind == ConfigKind::size) {
    const auto parsed = parse_size(text);
    if (parsed && *parsed <= static_cast<std::uint64_t>(field.maximum))
      value = static_cast<std::int64_t>(*parsed);
  } else {
    value = parse_integer(text);
  }
  if (!value || !within(field, *value)) return not_allowed(field);
  if (const auto* duration = std::get_if<Duration Config::*>(&field.member))
    config.*(*duration) = Duration{*value};
  else
    config.*std::get<std::int64_t Config::*>(field.member) = *value;
  return {};
}

Status set_string(Config& config, const ConfigField& field, std::string_view text) {
  std::string& target = config.*std::get<std::string Config::*>(field.member);
  if (can_be_off(field) && text == "off") {
    target.clear();
    return {};
  }
  bool good = false;
  switch (field.kind) {
    case ConfigKind::choice: {
      const auto words = split(field.choices, '|');
      good = std::find(words.begin(), words.end(), text) != words.end();
      break;
    }
    case ConfigKind::address:
      good = is_address(text);
      break;
    case ConfigKind::path:
      good = (!text.empty() || field.default_text.empty()) && text.find('\0') == std::string_view::npos;
      break;
    default:
      good = within(field, static_cast<std::int64_t>(text.size())) && is_utf8(text);
  }
  if (!good) return not_allowed(field);
  target = text;
  return {};
}

}  // namespace

std::string_view kind_word(ConfigKind kind) {
  switch (kind) {
    case ConfigKind::boolean:
      return "boolean";
    case ConfigKind::integer:
      return "integer";
    case ConfigKind::duration:
      return "duration";
    case ConfigKind::size:
      return "size";
    case ConfigKind::text:
      return "text";
    case ConfigKind::path:
      return "path";
    case ConfigKind::address:
      return "address";
    case ConfigKind::choice:
      return "choice";
    case ConfigKind::list:
      return "list";
  }
  return {};
}

std::string allowed_values(const ConfigField& field) {
  const auto range = [&](const auto& format) {
    return " from " + format(field.minimum) + " to " + format(field.maximum);
  };
  const auto plain = [](std::int64_t value) { return std::to_string(value); };
  const std::string or_off = can_be_off(field) ? ", or \"off\"" : "";
  switch (field.kind) {
    case ConfigKind::boolean:
      return "true or false";
    case ConfigKind::integer:
      return field.minimum == field.maximum ? plain(field.minimum) : "a whole number" + range(plain);
    case ConfigKind::duration:
      return "a duration such as \"15m\"" +
             range([](std::int64_t value) { return format_duration(Duration{value}); });
    case ConfigKind::size:
      return "a size such as \"64KiB\"" +
             range([](std::int64_t value) { return format_size(static_cast<std::uint64_t>(value)); });
    case ConfigKind::text:
      return "text of " + plain(field.minimum) + " to " + plain(field.maximum) + " bytes" + or_off;
    case ConfigKind::path:
      return "a path" + or_off;
    case ConfigKind::address:
      return "an address such as \"127.0.0.1:8080\" or \"[::1]:8080\"" + or_off;
    case ConfigKind::choice: {
      std::string out = "one of ";
      for (const std::string& word : split(field.choices, '|'))
        out += (out.size() > 7 ? ", \"" : "\"") + word + "\"";
      return out;
    }
    case ConfigKind::list:
      return field.minimum == field.maximum
                 ? "a list of " + plain(field.minimum) + " text"
                 : "a list of " + plain(field.minimum) + " to " + plain(field.maximum) + " texts";
  }
  return {};
}

Status set_config_field(Config& config, const ConfigField& field, std::string_view text) {
  if (field.kind == ConfigKind::boolean) {
    if (text != "true" && text != "false") return not_allowed(field);
    config.*std::get<bool Config::*>(field.member) = text == "true";
    return {};
  }
  if (field.kind == ConfigKind::list) {
    auto items = split(text, ',');
    if (!within(field, static_cast<std::int64_t>(items.size()))) return not_allowed(field);
    config.*std::get<std::vector<std::string> Config::*>(field.member) = std::move(items);
    return {};
  }
  if (std::holds_alternative<std::string Config::*>(field.member)) return set_string(config, field, text);
  return set_number(config, field, text);
}

std::string config_field_text(const Config& config, const ConfigField& field) {
  if (const auto* flag = std::get_if<bool Config::*>(&field.member))
    return config.*(*flag) ? "true" : "false";
  if (const auto* duration = std::get_if<Duration Config::*>(&field.member))
    return format_duration(config.*(*duration));
  if (const auto* number = std::get_if<std::int64_t Config::*>(&field.member)) {
    if (field.kind == ConfigKind::size) return format_size(static_cast<std::uint64_t>(config.*(*number)));
    return std::to_string(config.*(*number));
  }
  if (const auto* string = std::get_if<std::string Config::*>(&field.member)) {
    const std::string& value = config.*(*string);
    return value.empty() && can_be_off(field) ? "off" : value;
  }
  std::string out;
  for (const std::string& item : config.*std::get<std::vector<std::string> Config::*>(field.member))
    out += (out.empty() ? "" : ",") + item;
  return out;
}

std::string environment_name(const ConfigField& field) {
  std::string out = "MUSTER_";
  for (const char c : field.name)
    out += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return out;
}

}  // namespace muster::assembly
