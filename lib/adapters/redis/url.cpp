// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/url.hpp"

#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace muster::redis {
namespace {

constexpr std::uint16_t port_usual = 6379;
constexpr std::uint16_t port_usual_sentinel = 26379;
constexpr std::int64_t databases_max = 1 << 20;
constexpr std::size_t name_length_max = 128;

struct Scheme {
  std::string_view text;
  Layout layout;
};
constexpr std::array schemes{Scheme{"redis://", Layout::single},
                             Scheme{"redis+sentinel://", Layout::sentinel},
                             Scheme{"redis+cluster://", Layout::cluster}};

tl::unexpected<Error> wrong(std::string_view part, std::string_view what) {
  return fail(Error::invalid(std::string(part), std::string(what)));
}

Status set_path(std::string& member, std::string_view name, const std::string& value) {
  if (!value.starts_with('/')) return wrong(name, "must be an absolute path");
  member = value;
  return {};
}

Status set_duration(std::chrono::milliseconds& member, std::string_view name, const std::string& value) {
  constexpr std::chrono::milliseconds least{1};
  constexpr std::chrono::seconds most{60};
  const auto duration = parse_duration(value);
  if (!duration || *duration < least || *duration > most)
    return wrong(name, "must be a duration from 1ms to 60s, such as 250ms");
  member = std::chrono::duration_cast<std::chrono::milliseconds>(*duration);
  return {};
}

Result<bool> set_parameter(Url& url, std::string_view name, const std::string& value) {
  Status status;
  if (name == "password_file") {
    status = set_path(url.password_file, name, value);
  } else if (name == "sentinel_password_file" && url.layout == Layout::sentinel) {
    status = set_path(url.sentinel_password_file, name, value);
  } else if (name == "connect_timeout") {
    status = set_duration(url.connect_timeout, name, value);
  } else if (name == "command_timeout") {
    status = set_duration(url.command_timeout, name, value);
  } else if (name == "connection_wait") {
    status = set_duration(url.connection_wait, name, value);
  } else if (name == "connections_max") {
    MUSTER_TRY(const std::int64_t count, address::number(name, value, 1, 1000));
    url.connections_max = static_cast<std::size_t>(count);
  } else {
    return false;
  }
  if (!status) return fail(status.error());
  return true;
}

Status set_database(Url& url, std::string_view text) {
  if (text.empty()) return {};
  if (url.layout == Layout::cluster) return wrong("database", "is always 0 in a cluster; leave it out");
  MUSTER_TRY(const std::int64_t number, address::number("database", text, 0, databases_max));
  url.database = static_cast<int>(number);
  return {};
}

/// What is behind the hosts.
Status set_path_of(Url& url, std::string_view path) {
  if (url.layout != Layout::sentinel) return set_database(url, path);
  const auto primary = address::cut(path, '/');
  url.primary = std::string(primary.value_or(path));
  const bool good = std::all_of(url.primary.begin(), url.primary.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
  });
  if (url.primary.empty() || url.primary.size() > name_length_max || !good)
    return wrong("primary", "must follow the sentinels after a /, in letters, digits, ., - and _");
  return set_database(url, primary ? path : std::string_view());
}

Status set_authority(Url& url, std::string_view text) {
  if (const auto user = address::cut(text, '@')) {
    if (user->find(':') != std::string_view::npos)
      return wrong("user", "a password must not stand in the address; use password_file");
    MUSTER_TRY(url.user, address::decode("user", *user));
    if (url.user.empty() || url.user.size() > name_length_max)
      return wrong("user", "must be 1 to 128 characters, or left out with its @");
  }
  const std::uint16_t port = url.layout == Layout::sentinel ? port_usual_sentinel : port_usual;
  MUSTER_TRY(url.hosts, address::hosts("host", text, port));
  if (url.layout == Layout::single && url.hosts.size() > 1)
    return wrong("host", "must be one; several are for redis+sentinel:// and redis+cluster://");
  return {};
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.starts_with("rediss://"))
    return wrong("address",
                 "rediss:// is not supported, as this build's hiredis has no TLS; let a TLS proxy such as "
                 "stunnel listen on this machine, and give its address with redis://");
  const auto* const scheme = std::find_if(schemes.begin(), schemes.end(),
                                          [&](const Scheme& each) { return text.starts_with(each.text); });
  if (scheme == schemes.end())
    return wrong("address", "must begin with redis://, redis+sentinel:// or redis+cluster://");
  Url url;
  url.layout = scheme->layout;
  text.remove_prefix(scheme->text.size());
  std::string_view parameters = text;
  const auto front = address::cut(parameters, '?');
  std::string_view path = front.value_or(text);
  const std::string_view all = path;
  const auto authority = address::cut(path, '/');
  MUSTER_CHECK_OK(set_authority(url, authority.value_or(all)));
  MUSTER_CHECK_OK(set_path_of(url, authority ? path : std::string_view()));
  const auto set = [&](std::string_view name, const std::string& value) {
    return set_parameter(url, name, value);
  };
  if (front) MUSTER_CHECK_OK(address::parameters(parameters, scheme->text, set));
  return url;
}

std::string Url::text() const {
  std::string out(schemes[static_cast<std::size_t>(layout)].text);
  for (std::size_t i = 0; i < hosts.size(); ++i) out += (i == 0 ? "" : ",") + hosts[i].text();
  if (layout == Layout::sentinel) out += "/" + primary;
  if (layout != Layout::cluster) out += "/" + std::to_string(database);
  return out;
}

}  // namespace muster::redis
