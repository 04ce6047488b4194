// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/dsn.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace muster::mysql {
namespace {

constexpr std::string_view scheme = "mysql://";
constexpr std::size_t database_length_max = 64;
constexpr std::size_t user_length_max = 80;
constexpr std::uint16_t port_usual = 3306;

tl::unexpected<Error> wrong(std::string_view part, std::string_view what) {
  return fail(Error::invalid(std::string(part), std::string(what)));
}

Result<std::chrono::seconds> seconds(std::string_view part, std::string_view text, std::int64_t least) {
  constexpr std::int64_t most = 86'400;
  const std::string_view digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  const char unit = text.empty() ? ' ' : text.back();
  const std::int64_t factor = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
  const auto count =
      factor == 0 ? Result<std::int64_t>(wrong(part, "")) : address::number(part, digits, 1, most);
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
  MUSTER_TRY(const std::int64_t count, address::number(name, value, least, most));
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
       MUSTER_TRY(dsn.replicas, address::hosts("replicas", text, port_usual));
       return {};
     }},
    {"replica_lag_max",
     [](Dsn& dsn, Text text) { return set_duration<&Dsn::replica_lag_max>(dsn, "replica_lag_max", text); }},
}};

Status parse_authority(Dsn& dsn, std::string_view text) {
  const auto user = address::cut(text, '@');
  if (!user || user->empty()) return wrong("user", "must stand before an @");
  if (user->find(':') != std::string_view::npos)
    return wrong("user", "a password must not stand in the address; use password_file");
  MUSTER_TRY(dsn.user, address::decode("user", *user));
  if (dsn.user.size() > user_length_max) return wrong("user", "is too long");
  if (text.empty()) return {};
  MUSTER_TRY(dsn.hosts, address::hosts("host", text, port_usual));
  return {};
}

}  // namespace

Result<Dsn> Dsn::parse(std::string_view text) {
  Dsn dsn;
  if (!has_scheme(text)) return wrong("address", "must begin with mysql://");
  text.remove_prefix(scheme.size());
  std::string_view parameters_text = text;
  const auto front = address::cut(parameters_text, '?');
  std::string_view database = front.value_or(text);
  const auto authority = address::cut(database, '/');
  if (!authority) return wrong("database", "must stand after a /");
  MUSTER_CHECK_OK(parse_authority(dsn, *authority));
  const bool good = std::all_of(database.begin(), database.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '$';
  });
  if (database.empty() || database.size() > database_length_max || !good)
    return wrong("database", "must be 1 to 64 letters, digits, _, - or $");
  dsn.database = std::string(database);
  bool says_ssl_mode = false;
  const auto set = [&](std::string_view name, const std::string& value) -> Result<bool> {
    const auto* parameter = std::find_if(parameters.begin(), parameters.end(),
                                         [&](const Parameter& each) { return each.name == name; });
    if (parameter == parameters.end()) return false;
    says_ssl_mode = says_ssl_mode || name == "ssl_mode";
    MUSTER_CHECK_OK(parameter->set(dsn, value));
    return true;
  };
  if (front) MUSTER_CHECK_OK(address::parameters(parameters_text, scheme, set));
  if (dsn.hosts.empty() == dsn.socket.empty())
    return wrong("host", "must be given, or a socket in its place");
  if (dsn.ssl_cert.empty() != dsn.ssl_key.empty())
    return wrong("ssl_cert", "and ssl_key must be given together");
  if (!says_ssl_mode && !is_this_machine(dsn)) dsn.ssl_mode = SslMode::verify_identity;
  return dsn;
}

std::string Dsn::endpoint() const {
  if (!socket.empty()) return std::string(scheme) + socket + "/" + database;
  std::string list;
  for (const Host& host : hosts) list += (list.empty() ? "" : ",") + host.text();
  return std::string(scheme) + list + "/" + database;
}

Result<Secret> load_password(const Dsn& dsn, Secret otherwise) {
  if (dsn.password_file.empty()) return otherwise;
  return address::password_in(dsn.password_file);
}

}  // namespace muster::mysql
