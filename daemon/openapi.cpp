// SPDX-License-Identifier: Apache-2.0
#include "daemon/openapi.hpp"

#include "base/version.hpp"
#include "daemon/routes.hpp"
#include "wire/error_table.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <boost/json.hpp>

namespace muster::daemon {
namespace {

using Object = boost::json::object;
using Array = boost::json::array;
using wire::Kind;

boost::json::string text_of(std::string_view text) {
  return boost::json::string(text.data(), text.size());
}

Object schema_of_members(const wire::Schema& schema, const std::vector<std::string_view>& left_out);

void add_rules(Object& out, Kind kind, const FieldRules& rules) {
  if (!rules.one_of.empty()) {
    Array words;
    std::string_view rest = rules.one_of;
    while (!rest.empty()) {
      const auto bar = rest.find('|');
      words.push_back(text_of(rest.substr(0, bar)));
      rest.remove_prefix(bar == std::string_view::npos ? rest.size() : bar + 1);
    }
    out["enum"] = std::move(words);
    return;
  }
  if (kind == Kind::string || kind == Kind::secret) {
    if (rules.length_min != 0) out["minLength"] = rules.length_min;
    out["maxLength"] = rules.length_max;
  } else if (kind == Kind::list) {
    if (rules.length_min != 0) out["minItems"] = rules.length_min;
    out["maxItems"] = rules.length_max;
  } else if (kind == Kind::integer) {
    if (rules.value_min != std::numeric_limits<std::int64_t>::min()) out["minimum"] = rules.value_min;
    if (rules.value_max != std::numeric_limits<std::int64_t>::max()) out["maximum"] = rules.value_max;
  }
}

Object schema_of_kind(Kind kind, const wire::FieldInfo& field) {
  switch (kind) {
    case Kind::string:
      return {{"type", "string"}};
    case Kind::secret:
      return {{"type", "string"}, {"format", "password"}};
    case Kind::id:
      return {{"type", "string"}};
    case Kind::time:
      return {{"type", "string"}, {"format", "date-time"}};
    case Kind::integer:
      return {{"type", "integer"}, {"format", "int64"}};
    case Kind::number:
      return {{"type", "number"}};
    case Kind::boolean:
      return {{"type", "boolean"}};
    case Kind::object:
      return {{"type", "object"}};
    case Kind::any:
      return {};
    case Kind::structure:
      return schema_of_members(field.members, {});
    case Kind::list:
      return {{"type", "array"}, {"items", schema_of_kind(field.item_kind, field)}};
  }
  return {};
}

Object schema_of_field(const wire::FieldInfo& field) {
  Object out = schema_of_kind(field.kind, field);
  add_rules(out, field.kind, field.rules);
  if (field.nullable && out.contains("type")) {
    Array types{out["type"], "null"};
    out["type"] = std::move(types);
    if (out.contains("enum")) out["enum"].as_array().push_back(nullptr);
  }
  out["description"] = text_of(field.description);
  return out;
}

Object schema_of_members(const wire::Schema& schema, const std::vector<std::string_view>& left_out) {
  Object properties;
  Array required;
  for (const wire::FieldInfo& field : schema) {
    if (std::find(left_out.begin(), left_out.end(), field.name) != left_out.end()) continue;
    properties[field.name] = schema_of_field(field);
    if (field.required) required.push_back(text_of(field.name));
  }
  Object out{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

Object parameter(const wire::FieldInfo& field, std::string_view where) {
  Object schema = schema_of_field(field);
  schema.erase("description");
  return {{"name", text_of(field.name)},
          {"in", text_of(where)},
          {"required", where == "path" || field.required},
          {"description", text_of(field.description)},
          {"schema", std::move(schema)}};
}

Object simple_parameter(std::string_view name, std::string_view where, std::string_view description,
                        Object schema) {
  return {{"name", text_of(name)},
          {"in", text_of(where)},
          {"required", false},
          {"description", text_of(description)},
          {"schema", std::move(schema)}};
}

Object json_content(Object schema) {
  return {{"application/json", Object{{"schema", std::move(schema)}}}};
}

Object success_schema(const wire::Schema& reply) {
  Object data = reply.empty() ? Object{{"type", "null"}} : schema_of_members(reply, {});
  // A dry run answers a plan instead.
  data.erase("additionalProperties");
  return {{"type", "object"},
          {"properties", Object{{"code", Object{{"const", 0}}},
                                {"message", Object{{"const", "ok"}}},
                                {"data", std::move(data)}}},
          {"required", Array{"code", "message", "data"}}};
}

Object describe_operation(const ops::OperationDescription& operation) {
  const ops::OperationInfo& info = operation.info;
  const bool changes = info.method != "GET";
  const bool has_body = changes && info.method != "DELETE";
  std::vector<std::string_view> in_path;
  Array parameters;
  for (const wire::FieldInfo& field : operation.request)
    if (info.path.find("{" + std::string(field.name) + "}") != std::string_view::npos) {
      in_path.push_back(field.name);
      parameters.push_back(parameter(field, "path"));
    } else if (!has_body) {
      parameters.push_back(parameter(field, "query"));
    }
  if (changes) {
    parameters.push_back(
        simple_parameter("dry_run", "query", "Answer a plan and change nothing", {{"type", "boolean"}}));
    parameters.push_back(simple_parameter("plan_hash", "query", "Do only what the plan of this hash said",
                                          {{"type", "string"}}));
    parameters.push_back(simple_parameter("Idempotency-Key", "header",
                                          "Makes the request safe to repeat for 24 hours",
                                          {{"type", "string"}, {"maxLength", 255}}));
  }
  Object out{{"operationId", text_of(info.name)}, {"summary", text_of(info.summary)}};
  std::string description(info.help);
  const std::string needs = info.needs == ops::nobody_needs_anything ? "Open to all."
                            : info.needs.empty()                     ? "Needs any valid token."
                            : info.own_allowed
                                ? "Needs " + std::string(info.needs) + ", or concerns the caller."
                                : "Needs " + std::string(info.needs) + ".";
  description += (description.empty() ? "" : " ") + needs;
  out["description"] = description;
  if (!parameters.empty()) out["parameters"] = std::move(parameters);
  if (has_body && operation.request.size() > in_path.size())
    out["requestBody"] =
        Object{{"required", true}, {"content", json_content(schema_of_members(operation.request, in_path))}};
  out["responses"] =
      Object{{std::to_string(info.http_status),
              Object{{"description", "Done"}, {"content", json_content(success_schema(operation.reply))}}},
             {"default", Object{{"$ref", "#/components/responses/Error"}}}};
  if (info.needs == ops::nobody_needs_anything) out["security"] = Array{};
  return out;
}

struct OwnEndpoint {
  std::string_view method;
  std::string_view path;
  std::string_view id;
  std::string_view summary;
  std::string_view content_type;
  bool form_with_token = false;
};

constexpr std::array own{
    OwnEndpoint{"get", "/healthz", "get_health", "Whether the daemon is alive", "application/json"},
    OwnEndpoint{"get", "/readyz", "get_readiness",
                "Whether requests can be served, and which part is not ready", "application/json"},
    OwnEndpoint{"get", "/metrics", "get_metrics", "Measurements for Prometheus", "text/plain"},
    OwnEndpoint{"get", "/.well-known/jwks.json", "get_jwks",
                "The keys that tokens are verified with (RFC 7517)", "application/jwk-set+json"},
    OwnEndpoint{"get", "/.well-known/openid-configuration", "get_discovery", "Where the endpoints are",
                "application/json"},
    OwnEndpoint{"post", "/oauth2/introspect", "introspect_token", "Introspect a token (RFC 7662)",
                "application/json", true},
    OwnEndpoint{"post", "/oauth2/revoke", "revoke_token", "Revoke a token and its session (RFC 7009)", "",
                true},
    OwnEndpoint{"get", "/v1/openapi.json", "get_openapi", "This description", "application/json"},
};

Object describe_own(const OwnEndpoint& endpoint) {
  Object done{{"description", "Done"}};
  if (!endpoint.content_type.empty()) done["content"] = Object{{endpoint.content_type, Object{}}};
  Object out{{"operationId", text_of(endpoint.id)}, {"summary", text_of(endpoint.summary)}};
  if (endpoint.form_with_token) {
    Object form{{"type", "object"},
                {"properties", Object{{"token", Object{{"type", "string"}}},
                                      {"token_type_hint", Object{{"type", "string"}}}}},
                {"required", Array{"token"}}};
    out["requestBody"] = Object{
        {"required", true},
        {"content", Object{{"application/x-www-form-urlencoded", Object{{"schema", std::move(form)}}}}}};
  } else {
    out["security"] = Array{};
  }
  out["responses"] = Object{{"200", std::move(done)}};
  return out;
}

Object components() {
  Array names;
  Array numbers;
  for (const auto& entry : wire::error_table) {
    names.push_back(text_of(entry.name));
    numbers.push_back(entry.number);
  }
  const Object text{{"type", "string"}};
  Object field_error{{"type", "object"}, {"properties", Object{{"field", text}, {"message", text}}}};
  Object error{
      {"type", "object"},
      {"properties", Object{{"code", Object{{"type", "integer"}, {"enum", std::move(numbers)}}},
                            {"message", text},
                            {"data", Object{{"type", "null"}}},
                            {"error", Object{{"type", "string"}, {"enum", std::move(names)}}},
                            {"trace_id", text},
                            {"fields", Object{{"type", "array"}, {"items", std::move(field_error)}}}}},
      {"required", Array{"code", "message", "data", "error", "trace_id"}}};
  return {{"schemas", Object{{"Error", std::move(error)}}},
          {"responses",
           Object{{"Error", Object{{"description", "It failed; `error` says how"},
                                   {"content", json_content({{"$ref", "#/components/schemas/Error"}})}}}}},
          {"securitySchemes",
           Object{{"bearer", Object{{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}}}}}};
}

Object document() {
  Object paths;
  const auto place = [&](std::string_view path) -> Object& {
    auto& entry = paths[path];
    if (!entry.is_object()) entry.emplace_object();
    return entry.get_object();
  };
  for (const auto& operation : ops::catalogue()) {
    std::string method(operation.info.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    place(operation.info.path)[method] = describe_operation(operation);
  }
  for (const OwnEndpoint& endpoint : own) place(endpoint.path)[endpoint.method] = describe_own(endpoint);
  return {{"openapi", "3.1.0"},
          {"info", Object{{"title", "Muster"},
                          {"version", text_of(version)},
                          {"description", "Users, sessions, roles and revocation."},
                          {"license", Object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"security", Array{Object{{"bearer", Array{}}}}},
          {"paths", std::move(paths)},
          {"components", components()}};
}

void indent(std::string& out, const boost::json::value& value, std::size_t level) {
  const std::string inner(2 * (level + 1), ' ');
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += "{\n";
    for (auto member = object->begin(); member != object->end(); ++member) {
      if (member != object->begin()) out += ",\n";
      out += inner;
      wire::append_json_string(out, member->key());
      out += ": ";
      indent(out, member->value(), level + 1);
    }
    out += "\n" + std::string(2 * level, ' ') + "}";
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += "[\n";
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i != 0) out += ",\n";
      out += inner;
      indent(out, (*array)[i], level + 1);
    }
    out += "\n" + std::string(2 * level, ' ') + "]";
  } else {
    out += wire::to_text(value);
  }
}

}  // namespace

std::string openapi_document() {
  return wire::to_text(document());
}

std::string openapi_document_indented() {
  std::string out;
  indent(out, document(), 0);
  return out + "\n";
}

}  // namespace muster::daemon
