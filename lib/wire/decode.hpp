// SPDX-License-Identifier: Apache-2.0
/// @file JSON to values, over fields(). Strict: unknown members, wrong types and values outside their field's
/// rules are all collected and named by path ("items[3].permission"). Pure functions: thread-safe.
#pragma once

#include "base/fields.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "wire/json.hpp"
#include "wire/shapes.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::wire {

/// What was wrong, field by field.
class Problems {
 public:
  void add(std::string_view path, std::string message);
  [[nodiscard]] bool empty() const { return list_.empty(); }
  /// One invalid_argument that names them all.
  [[nodiscard]] Error error() const;

 private:
  std::vector<FieldError> list_;
};

/// One value against its type and rules; adds what is wrong under `path`.
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems,
          std::string& out);
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems, Secret& out);
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems,
          std::int64_t& out);
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems, double& out);
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems, bool& out);
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems, Time& out);
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems, UserId& out);
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems,
          SessionId& out);
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems,
          JsonObject& out);
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems,
          JsonValue& out);

/// Reports members that no field has. `names` are the known ones.
void report_unknown(const JsonMembers& object, const std::vector<std::string_view>& names,
                    std::string_view path, Problems& problems);
std::string join_path(std::string_view path, std::string_view name);
std::string item_path(std::string_view path, std::size_t index);
std::string allowed_words(std::string_view one_of);

template <WordedEnum E>
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems, E& out) {
  std::string word;
  read(json, FieldRules{}, path, problems, word);
  if (const auto value = from_word<E>(word))
    out = *value;
  else if (json.is_string())
    problems.add(path, "must be one of " + allowed_words(rules.one_of));
}

template <Described T>
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems, T& out);

template <class T>
void read(const Json& json, const FieldRules& rules, std::string_view path, Problems& problems,
          std::vector<T>& out) {
  const auto* array = json.if_array();
  if (array == nullptr) return problems.add(path, "must be a list");
  if (array->size() < rules.length_min || array->size() > rules.length_max)
    return problems.add(path, "must have " + std::to_string(rules.length_min) + " to " +
                                  std::to_string(rules.length_max) + " items");
  out.resize(array->size());
  for (std::size_t i = 0; i < array->size(); ++i)
    read((*array)[i], FieldRules{}, item_path(path, i), problems, out[i]);
}

template <class Struct, class Member>
void read_member(const JsonMembers& object, const Field<Struct, Member>& field, std::string_view path,
                 Problems& problems, Struct& out) {
  const auto found = object.find(field.name);
  const bool absent = found == object.end();
  Member& target = out.*(field.member);
  const std::string at = join_path(path, field.name);
  if constexpr (is_patch<Member>::value) {
    if (absent) return;
    target.present = true;
    if (found->value().is_null()) return;
    read(found->value(), field.rules, at, problems, target.value.emplace());
  } else if constexpr (is_optional<Member>::value) {
    if (absent || found->value().is_null()) return;
    read(found->value(), field.rules, at, problems, target.emplace());
  } else {
    if (!absent) return read(found->value(), field.rules, at, problems, target);
    if (field.rules.required) problems.add(at, "is required");
  }
}

template <Described T>
void read(const Json& json, const FieldRules& /*rules*/, std::string_view path, Problems& problems, T& out) {
  const auto* object = json.if_object();
  if (object == nullptr) return problems.add(path.empty() ? "body" : path, "must be an object");
  std::vector<std::string_view> names;
  for_each_field<T>([&](const auto& field) {
    names.push_back(field.name);
    read_member(*object, field, path, problems, out);
  });
  report_unknown(*object, names, path, problems);
}

/// Error: invalid_argument with every field at fault.
template <Described T>
Result<T> decode(const Json& json) {
  T value;
  Problems problems;
  read(json, FieldRules{}, "", problems, value);
  if (!problems.empty()) return fail(problems.error());
  return value;
}

}  // namespace muster::wire
