// SPDX-License-Identifier: Apache-2.0
/// @file The shape of a Described type at run time: what help texts, man pages, completions and OpenAPI are
/// made from, and how text from a path, a query or a command line becomes JSON of the right type.
#pragma once

#include "base/fields.hpp"
#include "base/result.hpp"
#include "wire/codec.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster::wire {

enum class Kind : std::uint8_t {
  string,
  secret,
  integer,
  number,
  boolean,
  time,
  id,
  object,
  any,
  list,
  structure
};

struct FieldInfo;
using Schema = std::vector<FieldInfo>;

struct FieldInfo {
  std::string_view name;
  std::string_view description;
  Kind kind = Kind::string;
  Kind item_kind = Kind::string;  ///< Of a list.
  Schema members;                 ///< Of a structure or a list of them.
  bool required = true;
  bool nullable = false;
  FieldRules rules;
};

/// What people are told to write: "time", "text", "active|disabled", "1..1000".
std::string placeholder(const FieldInfo& field);

/// Text to JSON of the field's kind; a list's items are separated by commas. Error: invalid_argument naming
/// the field.
Result<Json> json_from_text(const FieldInfo& field, std::string_view text);
/// The reverse: how a scalar stands in a path or query.
std::string text_from_json(const Json& value);

template <class T>
constexpr Kind kind_of() {
  if constexpr (is_optional<T>::value)
    return kind_of<typename T::value_type>();
  else if constexpr (is_patch<T>::value)
    return kind_of<typename decltype(T::value)::value_type>();
  else if constexpr (is_vector<T>::value)
    return Kind::list;
  else if constexpr (std::is_same_v<T, bool>)
    return Kind::boolean;
  else if constexpr (std::is_same_v<T, Secret>)
    return Kind::secret;
  else if constexpr (std::is_integral_v<T>)
    return Kind::integer;
  else if constexpr (std::is_floating_point_v<T>)
    return Kind::number;
  else if constexpr (std::is_same_v<T, Time>)
    return Kind::time;
  else if constexpr (std::is_same_v<T, UserId> || std::is_same_v<T, SessionId>)
    return Kind::id;
  else if constexpr (std::is_same_v<T, JsonObject>)
    return Kind::object;
  else if constexpr (std::is_same_v<T, JsonValue>)
    return Kind::any;
  else if constexpr (Described<T>)
    return Kind::structure;
  else
    return Kind::string;
}

template <Described T>
Schema schema_of();

template <class T>
void describe_type(FieldInfo& info) {
  info.kind = kind_of<T>();
  if constexpr (is_optional<T>::value) {
    describe_type<typename T::value_type>(info);
    info.required = false;
    info.nullable = true;
  } else if constexpr (is_patch<T>::value) {
    describe_type<typename decltype(T::value)::value_type>(info);
    info.required = false;
    info.nullable = true;
  } else if constexpr (is_vector<T>::value) {
    info.item_kind = kind_of<typename T::value_type>();
    if constexpr (Described<typename T::value_type>) info.members = schema_of<typename T::value_type>();
  } else if constexpr (Described<T>) {
    info.members = schema_of<T>();
  }
}

template <Described T>
Schema schema_of() {
  Schema schema;
  for_each_field<T>([&](const auto& field) {
    FieldInfo info;
    info.name = field.name;
    info.description = field.description;
    info.rules = field.rules;
    info.required = field.rules.required;
    describe_type<std::remove_cvref_t<decltype(std::declval<T>().*(field.member))>>(info);
    schema.push_back(std::move(info));
  });
  return schema;
}

}  // namespace muster::wire
