// SPDX-License-Identifier: Apache-2.0
#include "wire/envelope.hpp"

#include "wire/codec.hpp"
#include "wire/error_table.hpp"

#include <boost/json.hpp>

namespace muster::wire {
namespace {

std::string text_member(const JsonMembers& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

std::string success_envelope(std::string_view data_json) {
  std::string out = R"({"code":0,"message":"ok","data":)";
  out += data_json.empty() ? "null" : data_json;
  return out += '}';
}

std::string error_envelope(const Error& error, std::string_view trace_id) {
  const ErrorEntry& entry = entry_of(error.code);
  std::string out = "{\"code\":" + std::to_string(entry.number) + ",\"message\":";
  append_json_string(out, error.message);
  out += ",\"data\":null,\"error\":\"";
  out += entry.name;
  out += "\",\"trace_id\":";
  append_json_string(out, trace_id);
  if (!error.fields.empty()) {
    out += ",\"fields\":[";
    for (const FieldError& each : error.fields) {
      if (&each != error.fields.data()) out += ',';
      out += "{\"field\":";
      append_json_string(out, each.field);
      out += ",\"message\":";
      append_json_string(out, each.message);
      out += '}';
    }
    out += ']';
  }
  return out += '}';
}

Result<Envelope> read_envelope(std::string_view text, unsigned http_status) {
  const auto foreign = [&] {
    return fail(ErrorCode::internal, "the server's answer (HTTP " + std::to_string(http_status) +
                                         ") is not Muster's: is this address a musterd?");
  };
  auto json = parse_json(text);
  if (!json || !json->is_object()) return foreign();
  const JsonMembers& object = json->get_object();
  const auto* code = object.if_contains("code");
  if (code == nullptr || !code->is_int64()) return foreign();
  if (code->get_int64() == 0) {
    const auto* data = object.if_contains("data");
    return Envelope{data == nullptr ? "null" : to_text(*data), {}};
  }
  const ErrorEntry* entry = entry_named(text_member(object, "error"));
  if (entry == nullptr) return foreign();
  Error error{entry->code, text_member(object, "message"), text_member(object, "trace_id"), {}, {}};
  if (const auto* fields = object.if_contains("fields"); fields != nullptr && fields->is_array())
    for (const Json& each : fields->get_array())
      if (each.is_object())
        error.fields.push_back(
            {text_member(each.get_object(), "field"), text_member(each.get_object(), "message")});
  return fail(std::move(error));
}

}  // namespace muster::wire
