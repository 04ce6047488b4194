// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/claims.hpp"

#include <array>

#include <boost/json.hpp>

namespace muster::crypto {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

/// The last second of the year 9999.
constexpr std::int64_t seconds_max = 253'402'300'799;
constexpr std::size_t depth_max = 8;

/// Members of the outermost object, repeated ones included: the parser keeps only the last of those.
std::size_t count_members(std::string_view text) {
  std::size_t members = 0;
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ':' && depth == 1) {
      ++members;
    }
  }
  return members;
}

const json::string* string_at(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found == nullptr ? nullptr : found->if_string();
}

std::optional<std::int64_t> number_at(const json::object& object, std::string_view name, std::int64_t max) {
  const json::value* found = object.if_contains(name);
  const std::int64_t* number = found == nullptr ? nullptr : found->if_int64();
  if (number == nullptr || *number < 0 || *number > max) return std::nullopt;
  return *number;
}

std::string seconds_text(Time time) {
  return std::to_string(std::chrono::floor<seconds>(time).time_since_epoch().count());
}

}  // namespace

Error refused_token(std::string why) {
  return Error{ErrorCode::unauthenticated, "the access token is not valid", std::move(why), {}, {}};
}

std::string json_string(std::string_view text) {
  return json::serialize(json::string_view(text.data(), text.size()));
}

std::string encode_claims(const ports::AccessClaims& claims) {
  std::string out;
  out.reserve(512);
  out += R"({"iss":)" + json_string(claims.issuer);
  out += R"(,"sub":")" + claims.stamp.session.user.text();
  out += R"(","aud":)" + json_string(claims.audience);
  out += R"(,"exp":)" + seconds_text(claims.expires_at);
  out += R"(,"iat":)" + seconds_text(claims.stamp.issued_at);
  out += R"(,"jti":)" + json_string(claims.token_id);
  out += R"(,"sid":")" + claims.stamp.session.text();
  out += R"(","rev":)" + std::to_string(claims.stamp.epoch);
  out += R"(,"roles":[)";
  for (std::size_t i = 0; i < claims.roles.size(); ++i) {
    if (i > 0) out += ',';
    out += json_string(claims.roles[i]);
  }
  out += "]}";
  return out;
}

Result<ports::AccessClaims> decode_claims(std::string_view text) {
  std::array<unsigned char, 4096> buffer;
  json::monotonic_resource memory(buffer.data(), buffer.size());
  json::parse_options options;
  options.max_depth = depth_max;
  json::error_code error;
  const json::value parsed = json::parse({text.data(), text.size()}, error, &memory, options);
  const json::object* object = error ? nullptr : parsed.if_object();
  if (object == nullptr) return fail(refused_token("the claims are not a JSON object"));
  if (count_members(text) != object->size()) return fail(refused_token("a claim is there twice"));

  const json::string* issuer = string_at(*object, "iss");
  const json::string* subject = string_at(*object, "sub");
  const json::string* audience = string_at(*object, "aud");
  const json::string* token_id = string_at(*object, "jti");
  const json::string* session = string_at(*object, "sid");
  const auto expires_at = number_at(*object, "exp", seconds_max);
  const auto issued_at = number_at(*object, "iat", seconds_max);
  const auto epoch = number_at(*object, "rev", INT64_MAX);
  const json::value* roles_value = object->if_contains("roles");
  const json::array* roles = roles_value == nullptr ? nullptr : roles_value->if_array();
  if (issuer == nullptr || subject == nullptr || audience == nullptr || token_id == nullptr ||
      session == nullptr || roles == nullptr || !expires_at || !issued_at || !epoch)
    return fail(refused_token("a claim is missing or of the wrong type"));
  const auto user_id = UserId::parse(std::string_view(*subject));
  const auto session_id = SessionId::parse(std::string_view(*session));
  if (!user_id || !session_id || session_id->user != *user_id)
    return fail(refused_token("sub and sid do not belong together"));

  ports::AccessClaims out;
  out.issuer.assign(issuer->begin(), issuer->end());
  out.audience.assign(audience->begin(), audience->end());
  out.token_id.assign(token_id->begin(), token_id->end());
  out.stamp = {*session_id, *epoch, Time{seconds{*issued_at}}};
  out.expires_at = Time{seconds{*expires_at}};
  out.roles.reserve(roles->size());
  for (const json::value& role : *roles) {
    const json::string* name = role.if_string();
    if (name == nullptr) return fail(refused_token("roles are not strings"));
    out.roles.emplace_back(name->begin(), name->end());
  }
  return out;
}

}  // namespace muster::crypto
