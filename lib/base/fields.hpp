// SPDX-License-Identifier: Apache-2.0
/// @file Fields, declared once. A struct with `static constexpr auto fields()` returning a tuple of field()
/// gets JSON in both directions, CLI options, OpenAPI, man pages and audit records from that tuple.
///
///     struct Request {
///       std::string name;
///       std::optional<std::string> description;
///       static constexpr auto fields() {
///         return std::tuple{field("name", &Request::name, "The role's name").length(1, 64),
///                           field("description", &Request::description, "For people").length(0, 512)};
///       }
///     };
///
/// A std::optional member may be absent; every other member must be there, except where optional() gives
/// it the value it is default-constructed with.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace muster {

/// What a value must satisfy besides its type. Lengths count Unicode code points, items of a list or
/// entries; `one_of` is the allowed words with `|` between them.
struct FieldRules {
  std::size_t length_min = 0;
  std::size_t length_max = 4096;
  std::int64_t value_min = std::numeric_limits<std::int64_t>::min();
  std::int64_t value_max = std::numeric_limits<std::int64_t>::max();
  std::string_view one_of;
  bool required = true;  ///< Without meaning for std::optional and Patch members, which never are.
};

template <class Struct, class Member>
struct Field {
  std::string_view name;
  Member Struct::*member;
  std::string_view description;
  FieldRules rules;

  [[nodiscard]] constexpr Field length(std::size_t min, std::size_t max) const {
    Field copy = *this;
    copy.rules.length_min = min;
    copy.rules.length_max = max;
    return copy;
  }
  [[nodiscard]] constexpr Field range(std::int64_t min, std::int64_t max) const {
    Field copy = *this;
    copy.rules.value_min = min;
    copy.rules.value_max = max;
    return copy;
  }
  [[nodiscard]] constexpr Field one_of(std::string_view words) const {
    Field copy = *this;
    copy.rules.one_of = words;
    return copy;
  }
  [[nodiscard]] constexpr Field optional() const {
    Field copy = *this;
    copy.rules.required = false;
    return copy;
  }
};

template <class Struct, class Member>
constexpr Field<Struct, Member> field(std::string_view name, Member Struct::*member,
                                      std::string_view description) {
  return Field<Struct, Member>{name, member, description, {}};
}

template <class T>
concept Described = requires {
  T::fields();
};

/// Calls visit(field) for each field of T, in the order of declaration.
template <Described T, class Visitor>
constexpr void for_each_field(Visitor&& visit) {
  std::apply([&](const auto&... each) { (visit(each), ...); }, T::fields());
}

/// A request or reply with nothing in it.
struct Empty {
  bool operator==(const Empty&) const = default;
  static constexpr auto fields() { return std::tuple<>{}; }
};

/// A member of a merge patch (RFC 7396): absent leaves the target alone, null clears it.
template <class T>
struct Patch {
  bool present = false;
  std::optional<T> value;  ///< Nothing, while present, means null.

  /// `target` after the patch.
  [[nodiscard]] std::optional<T> applied_to(std::optional<T> target) const {
    return present ? value : target;
  }
};

/// JSON kept as text: valid, an object, as compact as it was written by the encoder.
struct JsonObject {
  std::string text = "{}";
  bool operator==(const JsonObject&) const = default;
};

/// Any JSON value kept as text.
struct JsonValue {
  std::string text = "null";
  bool operator==(const JsonValue&) const = default;
};

/// Enumerations show as words: specialise with `static constexpr std::array<std::pair<E, std::string_view>,
/// N> words`.
template <class E>
struct EnumWords;

template <class E>
concept WordedEnum = std::is_enum_v<E> && requires {
  EnumWords<E>::words;
};

template <WordedEnum E>
constexpr std::string_view to_word(E value) {
  for (const auto& [candidate, word] : EnumWords<E>::words)
    if (candidate == value) return word;
  return {};
}

template <WordedEnum E>
constexpr std::optional<E> from_word(std::string_view text) {
  for (const auto& [candidate, word] : EnumWords<E>::words)
    if (word == text) return candidate;
  return std::nullopt;
}

}  // namespace muster
