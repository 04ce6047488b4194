// SPDX-License-Identifier: Apache-2.0
/// @file Values to JSON text, over fields(). Pure functions: thread-safe.
#pragma once

#include "base/fields.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "wire/json.hpp"
#include "wire/shapes.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace muster::wire {

void write(std::string& out, std::string_view text);
void write(std::string& out, std::int64_t number);
void write(std::string& out, double number);
void write(std::string& out, const Secret& secret);
void write(std::string& out, Time time);
void write(std::string& out, UserId id);
void write(std::string& out, const SessionId& id);
void write(std::string& out, const JsonObject& object);
void write(std::string& out, const JsonValue& value);
inline void write(std::string& out, const std::string& text) {
  write(out, std::string_view(text));
}
inline void write(std::string& out, const char* text) {
  write(out, std::string_view(text));
}
inline void write(std::string& out, std::same_as<bool> auto value) {
  out += value ? "true" : "false";
}

template <WordedEnum E>
void write(std::string& out, E value) {
  write(out, to_word(value));
}

template <Described T>
void write(std::string& out, const T& value);

template <class T>
void write(std::string& out, const std::vector<T>& list);

template <class T>
void write(std::string& out, const std::optional<T>& value) {
  if (value)
    write(out, *value);
  else
    out += "null";
}

template <class T>
void write(std::string& out, const std::vector<T>& list) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i != 0) out += ',';
    write(out, list[i]);
  }
  out += ']';
}

/// Absent optional values are written as null; an absent Patch is left out.
template <Described T>
void write(std::string& out, const T& value) {
  out += '{';
  bool first = true;
  for_each_field<T>([&](const auto& field) {
    const auto& member = value.*(field.member);
    using Member = std::remove_cvref_t<decltype(member)>;
    if constexpr (is_patch<Member>::value)
      if (!member.present) return;
    if (!first) out += ',';
    first = false;
    out += '"';
    out += field.name;
    out += "\":";
    if constexpr (is_patch<Member>::value)
      write(out, member.value);
    else
      write(out, member);
  });
  out += '}';
}

template <class T>
std::string encode(const T& value) {
  std::string out;
  write(out, value);
  return out;
}

}  // namespace muster::wire
