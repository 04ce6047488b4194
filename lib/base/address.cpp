// SPDX-License-Identifier: Apache-2.0
#include "base/address.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <set>

namespace muster {

std::string Host::text() const {
  const bool bracketed = name.find(':') != std::string::npos;
  return (bracketed ? "[" + name + "]" : name) + ":" + std::to_string(port);
}

namespace address {
namespace {

constexpr std::size_t hosts_max = 16;

tl::unexpected<Error> wrong(std::string_view part, std::string_view what) {
  return fail(Error::invalid(std::string(part), std::string(what)));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<Host> host_of(std::string_view part, std::string_view text, std::uint16_t port_usual) {
  Host host;
  host.port = port_usual;
  std::string_view port;
  if (text.starts_with('[')) {
    text.remove_prefix(1);
    const auto name = cut(text, ']');
    if (!name) return wrong(part, "must have a ] after the address");
    if (!text.empty() && !text.starts_with(':')) return wrong("port", "must follow a :");
    host.name = std::string(*name);
    port = text;
  } else {
    const auto colon = text.find(':');
    host.name = std::string(text.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  const bool good =
      !host.name.empty() && std::all_of(host.name.begin(), host.name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':';
      });
  if (!good) return wrong(part, "must be a name or an address");
  if (port.empty()) return host;
  MUSTER_TRY(const std::int64_t number_of_port, number("port", port.substr(1), 1, 65'535));
  host.port = static_cast<std::uint16_t>(number_of_port);
  return host;
}

}  // namespace

std::optional<std::string_view> cut(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view front = text.substr(0, at);
  text.remove_prefix(at + 1);
  return front;
}

Result<std::string> decode(std::string_view part, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return wrong(part, "% must be followed by two hexadecimal digits");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20) return wrong(part, "must not have control characters");
    out += c;
  }
  return out;
}

Result<std::int64_t> number(std::string_view part, std::string_view text, std::int64_t least,
                            std::int64_t most) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return wrong(part,
                 "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

Result<std::vector<Host>> hosts(std::string_view part, std::string_view text, std::uint16_t port_usual) {
  std::vector<Host> found;
  for (bool more = true; more;) {
    std::string_view last = text;
    const auto front = cut(text, ',');
    more = front.has_value();
    MUSTER_TRY(found.emplace_back(), host_of(part, front.value_or(last), port_usual));
    if (found.size() > hosts_max) return wrong(part, "are too many");
  }
  return found;
}

Status parameters(std::string_view text, std::string_view scheme,
                  const std::function<Result<bool>(std::string_view name, const std::string& value)>& set) {
  std::set<std::string, std::less<>> seen;
  while (!text.empty()) {
    std::string_view rest = text;
    std::string_view pair = text;
    if (const auto front = cut(rest, '&')) {
      pair = *front;
      if (rest.empty()) return wrong("parameters", "must not end with &");
    } else {
      rest = {};
    }
    text = rest;
    const auto name = cut(pair, '=');
    if (!name || name->empty()) return wrong("parameters", "must be name=value, with & between them");
    if (!seen.insert(std::string(*name)).second) return wrong(*name, "must be given only once");
    MUSTER_TRY(const std::string value, decode(*name, pair));
    if (value.empty()) return wrong(*name, "must not be empty");
    MUSTER_TRY(const bool known, set(*name, value));
    if (known) continue;
    if (name->starts_with("pass")) return wrong(*name, "must not stand here; use password_file");
    return wrong(*name, "is not a parameter of a " + std::string(scheme) + " address");
  }
  return {};
}

Result<Secret> password_in(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || (!std::getline(file, line) && !file.eof()))
    return fail(ErrorCode::unavailable, "password_file: " + path + " cannot be read");
  if (file.peek() != std::ifstream::traits_type::eof())
    return fail(ErrorCode::conflict, "password_file: " + path + " must have one line");
  return Secret(std::move(line));
}

}  // namespace address
}  // namespace muster
