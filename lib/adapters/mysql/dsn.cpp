// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/dsn.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <functional>
#include <optional>
#include <set>

namespace muster::mysql {
namespace {

constexpr std::string_view scheme = "mysql://";
constexpr std::size_t database_length_max = 64;
constexpr std::size_t user_length_max = 80;
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

Result<std::chrono::seconds> seconds(std::string_view part, std::string_view text, std::int64_t least) {
  constexpr std::int64_t most = 86'400;
  const std::string_view digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  const char unit = text.empty() ? ' ' : text.back();
  const std::int64_t factor = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
  const auto count = factor == 0 ? Result<std::int64_t>(wrong(part, "")) : number(part, digits, 1, most);
  if (!count || *count * factor > most || *count * factor < least)
    return wrong(part, "must be a duration from " + std::to_string(least) + "s to 24h, such as 5s");
  return std::chrono::seconds(*count * factor);
}

Result<SslMode> ssl_mode(std::string_view text) {
  if (text == "disabled") return SslMode::disabled;
  if (text == "required") return SslMode::required;
  if (text == "verify_ca") return SslMode::verify_ca;
  if (text == "verify_identity") return SslMode::verify_identity;
  return wrong("ssl_mode", "must be disabled, required, verify_ca or verify_identity");
}

bool is_this_machine(const Dsn& dsn) {
  const auto is_local = [](const Host& host) {
    return host.name == "localhost" || host.name == "::1" || host.name.starts_with("127.");
  };
  return std::all_of(dsn.hosts.begin(), dsn.hosts.end(), is_local) &&
         std::all_of(dsn.replicas.begin(), dsn.replicas.end(), is_local);
}

Result<std::vector<Host>> parse_hosts(std::string_view part, std::string_view text);

struct Parameter {
  std::string_view name;
  Status (*set)(Dsn& dsn, const std::string& value);
};

Status set_path(std::string& member, std::string_view name, const std::string& value) {
  if (!value.starts_with('/')) return wrong(name, "must be an absolute path");
  member = value;
  return {};
}

template <auto member>
Status set_duration(Dsn& dsn, std::string_view name, const std::string& value, std::int64_t least = 1) {
  MUSTER_TRY(dsn.*member, seconds(name, value, least));
  return {};
}

template <auto member>
Status set_count(Dsn& dsn, std::string_view name, const std::string& value, std::int64_t least) {
  constexpr std::int64_t most = 1000;
  MUSTER_TRY(const std::int64_t count, number(name, value, least, most));
  dsn.*member = static_cast<std::size_t>(count);
  return {};
}

using Text = const std::string&;
constexpr std::array<Parameter, 14> parameters{{
    {"password_file", [](Dsn& dsn, Text text) { return set_path(dsn.password_file, "password_file", text); }},
    {"socket", [](Dsn& dsn, Text text) { return set_path(dsn.socket, "socket", text); }},
    {"ssl_mode",
     [](Dsn& dsn, Text text) -> Status {
       MUSTER_TRY(dsn.ssl_mode, ssl_mode(text));
       return {};
     }},
    {"ssl_ca", [](Dsn& dsn, Text text) { return set_path(dsn.ssl_ca, "ssl_ca", text); }},
    {"ssl_cert", [](Dsn& dsn, Text text) { return set_path(dsn.ssl_cert, "ssl_cert", text); }},
    {"ssl_key", [](Dsn& dsn, Text text) { return set_path(dsn.ssl_key, "ssl_key", text); }},
    {"connect_timeout",
     [](Dsn& dsn, Text text) { return set_duration<&Dsn::connect_timeout>(dsn, "connect_timeout", text); }},
    {"statement_timeout",
     [](Dsn& dsn, Text text) {
       // Within it, the server must have the time to say that a lock could not be had.
       constexpr std::int64_t least = 2;
       return set_duration<&Dsn::statement_timeout>(dsn, "statement_timeout", text, least);
     }},
    {"connections_max",
     [](Dsn& dsn, Text text) { return set_count<&Dsn::connections_max>(dsn, "connections_max", text, 1); }},
    {"connections_idle_min",
     [](Dsn& dsn, Text text) {
       return set_count<&Dsn::connections_idle_min>(dsn, "connections_idle_min", text, 0);
     }},
    {"connection_wait",
     [](Dsn& dsn, Text text) { return set_duration<&Dsn::connection_wait>(dsn, "connection_wait", text); }},
    {"connection_lifetime",
     [](Dsn& dsn, Text text) {
       return set_duration<&Dsn::connection_lifetime>(dsn, "connection_lifetime", text);
     }},
    {"replicas",
     [](Dsn& dsn, Text text) -> Status {
       MUSTER_TRY(dsn.replicas, parse_hosts("replicas", text));
       return {};
     }},
    {"replica_lag_max",
     [](Dsn& dsn, Text text) { return set_duration<&Dsn::replica_lag_max>(dsn, "replica_lag_max", text); }},
}};

/// Cuts the text up to the separator off its front; nothing when it is not there.
std::optional<std::string_view> cut(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view front = text.substr(0, at);
  text.remove_prefix(at + 1);
  return front;
}

Status parse_parameters(Dsn& dsn, std::string_view text, std::set<std::string, std::less<>>& seen) {
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
    const auto* parameter = std::find_if(parameters.begin(), parameters.end(),
                                         [&](const Parameter& each) { return each.name == *name; });
    if (parameter == parameters.end()) {
      if (name->starts_with("pass")) return wrong(*name, "must not stand here; use password_file");
      return wrong(*name, "is not a parameter of a mysql:// address");
    }
    if (!seen.insert(std::string(*name)).second) return wrong(*name, "must be given only once");
    MUSTER_TRY(const std::string value, decode(*name, pair));
    if (value.empty()) return wrong(*name, "must not be empty");
    MUSTER_CHECK_OK(parameter->set(dsn, value));
  }
  return {};
}

Result<Host> parse_host(std::string_view part, std::string_view text) {
  Host host;
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

Result<std::vector<Host>> parse_hosts(std::string_view part, std::string_view text) {
  std::vector<Host> hosts;
  for (bool more = true; more;) {
    std::string_view last = text;
    const auto front = cut(text, ',');
    more = front.has_value();
    MUSTER_TRY(hosts.emplace_back(), parse_host(part, front.value_or(last)));
    if (hosts.size() > hosts_max) return wrong(part, "are too many");
  }
  return hosts;
}

Status parse_authority(Dsn& dsn, std::string_view text) {
  const auto user = cut(text, '@');
  if (!user || user->empty()) return wrong("user", "must stand before an @");
  if (user->find(':') != std::string_view::npos)
    return wrong("user", "a password must not stand in the address; use password_file");
  MUSTER_TRY(dsn.user, decode("user", *user));
  if (dsn.user.size() > user_length_max) return wrong("user", "is too long");
  if (text.empty()) return {};
  MUSTER_TRY(dsn.hosts, parse_hosts("host", text));
  return {};
}

}  // namespace

Result<Dsn> Dsn::parse(std::string_view text) {
  Dsn dsn;
  if (!has_scheme(text)) return wrong("address", "must begin with mysql://");
  text.remove_prefix(scheme.size());
  std::string_view parameters_text = text;
  const auto address = cut(parameters_text, '?');
  std::string_view database = address.value_or(text);
  const auto authority = cut(database, '/');
  if (!authority) return wrong("database", "must stand after a /");
  MUSTER_CHECK_OK(parse_authority(dsn, *authority));
  const bool good = std::all_of(database.begin(), database.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '$';
  });
  if (database.empty() || database.size() > database_length_max || !good)
    return wrong("database", "must be 1 to 64 letters, digits, _, - or $");
  dsn.database = std::string(database);
  std::set<std::string, std::less<>> seen;
  if (address) MUSTER_CHECK_OK(parse_parameters(dsn, parameters_text, seen));
  if (dsn.hosts.empty() == dsn.socket.empty())
    return wrong("host", "must be given, or a socket in its place");
  if (dsn.ssl_cert.empty() != dsn.ssl_key.empty())
    return wrong("ssl_cert", "and ssl_key must be given together");
  if (!seen.contains("ssl_mode") && !is_this_machine(dsn)) dsn.ssl_mode = SslMode::verify_identity;
  return dsn;
}

std::string Host::text() const {
  const bool bracketed = name.find(':') != std::string::npos;
  return (bracketed ? "[" + name + "]" : name) + ":" + std::to_string(port);
}

std::string Dsn::endpoint() const {
  if (!socket.empty()) return std::string(scheme) + socket + "/" + database;
  std::string list;
  for (const Host& host : hosts) list += (list.empty() ? "" : ",") + host.text();
  return std::string(scheme) + list + "/" + database;
}

Result<Secret> load_password(const Dsn& dsn, Secret otherwise) {
  if (dsn.password_file.empty()) return otherwise;
  std::ifstream file(dsn.password_file);
  std::string line;
  if (!file || (!std::getline(file, line) && !file.eof()))
    return fail(ErrorCode::unavailable, "password_file: " + dsn.password_file + " cannot be read");
  if (file.peek() != std::ifstream::traits_type::eof())
    return fail(ErrorCode::conflict, "password_file: " + dsn.password_file + " must have one line");
  return Secret(std::move(line));
}

}  // namespace muster::mysql
