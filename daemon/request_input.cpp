// SPDX-License-Identifier: Apache-2.0
#include "daemon/request_input.hpp"

#include "wire/schema.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <boost/json.hpp>

namespace muster::daemon {
namespace {

using http::Method;

constexpr std::size_t idempotency_key_length_max = 255;
/// More than any registration or login needs, and little enough that queues full of strangers' requests do
/// not fill the memory.
constexpr std::size_t anonymous_body_size_max_bytes = 256 * 1024;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// `type/subtype` in lower case; empty when the parameters name a charset other than UTF-8.
std::string media_type(std::string_view header) {
  const auto semicolon = header.find(';');
  if (semicolon != std::string_view::npos) {
    const std::string parameters = lower(header.substr(semicolon));
    const auto charset = parameters.find("charset=");
    if (charset != std::string::npos) {
      std::string_view value = std::string_view(parameters).substr(charset + 8);
      value = trim(value.substr(0, value.find(';')));
      if (value != "utf-8" && value != "\"utf-8\"") return {};
    }
  }
  return lower(trim(header.substr(0, semicolon)));
}

/// An entity tag of ours is a version in quotes.
std::optional<std::int64_t> version_of_tag(std::string_view tag) {
  if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"') return std::nullopt;
  tag = tag.substr(1, tag.size() - 2);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
  if (error != std::errc{} || end != tag.data() + tag.size()) return std::nullopt;
  return version;
}

Error bad_query() {
  return Error{ErrorCode::invalid_argument, "the query has a malformed escape", {}, {}, {}};
}

Status read_path(Exchange& exchange, wire::JsonMembers& input) {
  const Route& route = *exchange.route;
  for (std::size_t i = 0; i < exchange.path_values.count; ++i) {
    const wire::FieldInfo& field = *route.parameters[i];
    auto text = http::percent_decode(exchange.path_values.values[i], false);
    if (!text) return fail(Error::invalid(std::string(field.name), "has a malformed escape"));
    constexpr std::string_view users = "/v1/users/{";
    if (i == 0 && *text == "me" && route.path.substr(0, users.size()) == users) {
      if (exchange.call.caller.kind != ops::Caller::Kind::user)
        return fail(ErrorCode::unauthenticated, "\"me\" stands for the caller: an access token is needed");
      text = exchange.call.caller.user.text();
    }
    MUSTER_TRY(wire::Json value, wire::json_from_text(field, *text));
    input.emplace(field.name, std::move(value));
  }
  return {};
}

Status read_query(Exchange& exchange, wire::JsonMembers& input) {
  if (exchange.request.query.empty()) return {};
  const auto pairs = http::parse_query(exchange.request.query);
  if (!pairs) return fail(bad_query());
  const bool changes = exchange.route->method != Method::get;
  std::set<std::string_view> seen;
  for (const auto& [name, value] : *pairs) {
    if (!seen.insert(name).second || input.contains(name))
      return fail(Error::invalid(name, "is given more than once"));
    if (changes && name == "dry_run") {
      if (value != "true" && value != "false") return fail(Error::invalid(name, "must be true or false"));
      exchange.call.dry_run = value == "true";
      continue;
    }
    if (changes && name == "plan_hash") {
      if (value.empty() || value.size() > 128) return fail(Error::invalid(name, "is not a plan's hash"));
      exchange.call.plan_hash = value;
      continue;
    }
    const auto& fields = exchange.route->operation->description->request;
    const auto field = std::ranges::find(fields, name, &wire::FieldInfo::name);
    if (exchange.route->body == Body::json || field == fields.end())
      return fail(Error::invalid(name, "is not a query parameter of this endpoint"));
    MUSTER_TRY(wire::Json json, wire::json_from_text(*field, value));
    input.emplace(name, std::move(json));
  }
  return {};
}

Status read_body(Exchange& exchange, wire::JsonMembers& input) {
  if (exchange.request.body.empty()) return {};
  MUSTER_TRY(wire::Json body, wire::parse_json(exchange.request.body));
  // It may wait long for its turn, and what is in it is held in `body` now.
  std::string().swap(exchange.request.body);
  auto* members = body.if_object();
  if (members == nullptr) return fail(ErrorCode::invalid_argument, "the body must be a JSON object");
  for (auto& member : *members) {
    if (input.contains(member.key()))
      return fail(Error::invalid(std::string(member.key()), "stands in the path, so not in the body"));
    input.emplace(member.key(), std::move(member.value()));
  }
  return {};
}

}  // namespace

Status check_body(const Exchange& exchange) {
  const Route& route = *exchange.route;
  if (exchange.request.body.empty()) return {};
  if (route.body == Body::none) {
    // Whatever a proxy forwards with a question that any method may ask is not ours to judge.
    if (route.any_method) return {};
    return fail(ErrorCode::invalid_argument, "this endpoint takes no body");
  }
  if (exchange.call.caller.kind == ops::Caller::Kind::anonymous &&
      exchange.request.body.size() > anonymous_body_size_max_bytes)
    return fail(ErrorCode::too_large, "without an access token a body may have at most 256 KiB");
  const auto header = exchange.request.headers.find("Content-Type");
  const std::string type = header ? media_type(*header) : std::string();
  if (route.body == Body::form) {
    if (type == "application/x-www-form-urlencoded") return {};
    return fail(ErrorCode::unsupported_media_type, "the body must be application/x-www-form-urlencoded");
  }
  if (type == "application/json") return {};
  if (route.method == Method::patch && type == "application/merge-patch+json") return {};
  return fail(ErrorCode::unsupported_media_type,
              route.method == Method::patch
                  ? "the body must be application/json or application/merge-patch+json, in UTF-8"
                  : "the body must be application/json, in UTF-8");
}

/// A reader may say which version of a user it knows of; what it is shown is not older.
Status read_at_least(Exchange& exchange) {
  const auto text = exchange.request.headers.find("X-Muster-At-Least");
  if (!text) return {};
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), version);
  if (error != std::errc() || end != text->data() + text->size() || version < 1)
    return fail(Error::invalid("X-Muster-At-Least", "must be the version of a user, such as 7"));
  exchange.call.at_least = version;
  return {};
}

Status read_conditions(Exchange& exchange) {
  if (exchange.route->operation == nullptr) return {};
  if (exchange.route->method == Method::get) return read_at_least(exchange);
  if (const auto key = exchange.request.headers.find("Idempotency-Key")) {
    const bool visible = std::all_of(key->begin(), key->end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (key->empty() || key->size() > idempotency_key_length_max || !visible)
      return fail(Error::invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters"));
    exchange.call.idempotency_key = std::string(*key);
  }
  if (const auto match = exchange.request.headers.find("If-Match")) {
    const auto tag = trim(*match);
    if (tag == "*") return {};
    if (tag.find(',') != std::string_view::npos)
      return fail(Error::invalid("If-Match", "must be one entity tag, such as \"7\""));
    exchange.call.if_match = version_of_tag(tag);
    if (!exchange.call.if_match)
      return fail(ErrorCode::precondition_failed, "If-Match names an entity tag that no version has");
  }
  return {};
}

Status read_input(Exchange& exchange) {
  auto& input = exchange.input.emplace_object();
  MUSTER_CHECK_OK(read_path(exchange, input));
  MUSTER_CHECK_OK(read_query(exchange, input));
  return read_body(exchange, input);
}

Result<std::string> form_value(const Exchange& exchange, std::string_view name) {
  const auto pairs = http::parse_query(exchange.request.body);
  if (!pairs) return fail(ErrorCode::invalid_argument, "the body has a malformed escape");
  std::optional<std::string> found;
  for (const auto& [key, value] : *pairs) {
    if (key != name) continue;
    if (found) return fail(Error::invalid(std::string(name), "is given more than once"));
    found = value;
  }
  if (!found || found->empty()) return fail(Error::invalid(std::string(name), "is required"));
  return std::move(*found);
}

bool none_match_fails(const Exchange& exchange, std::int64_t version) {
  const auto header = exchange.request.headers.find("If-None-Match");
  if (!header) return false;
  std::string_view rest = *header;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    auto tag = trim(rest.substr(0, comma));
    if (tag.substr(0, 2) == "W/") tag.remove_prefix(2);
    if (tag == "*" || version_of_tag(tag) == version) return true;
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return false;
}

}  // namespace muster::daemon
