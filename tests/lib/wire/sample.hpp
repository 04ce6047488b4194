// SPDX-License-Identifier: Apache-2.0
/// @file A described type with a member of every kind, for the tests of this folder.
#pragma once

#include "base/fields.hpp"
#include "base/ids.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::test {

enum class Colour : std::uint8_t { red, green };

struct Inner {
  std::string name;
  std::vector<std::int64_t> numbers;

  bool operator==(const Inner&) const = default;
  static constexpr auto fields() {
    return std::tuple{field("name", &Inner::name, "A name").length(1, 8),
                      field("numbers", &Inner::numbers, "Some numbers").length(0, 3).optional()};
  }
};

struct Sample {
  std::string text;
  std::optional<std::string> note;
  std::int64_t count = 7;
  double ratio = 0;
  bool flag = false;
  Time when;
  UserId user;
  std::optional<SessionId> session;
  Secret secret;
  std::string word;
  Colour colour = Colour::red;
  std::vector<Inner> items;
  JsonObject attributes;
  JsonValue anything;
  Patch<std::string> patch;

  static constexpr auto fields() {
    return std::tuple{field("text", &Sample::text, "Text").length(2, 5),
                      field("note", &Sample::note, "Note").length(0, 64),
                      field("count", &Sample::count, "Count").range(1, 10).optional(),
                      field("ratio", &Sample::ratio, "Ratio").optional(),
                      field("flag", &Sample::flag, "Flag").optional(),
                      field("when", &Sample::when, "When").optional(),
                      field("user", &Sample::user, "User").optional(),
                      field("session", &Sample::session, "Session"),
                      field("secret", &Sample::secret, "Secret").optional(),
                      field("word", &Sample::word, "Word").one_of("yes|no").optional(),
                      field("colour", &Sample::colour, "Colour").one_of("red|green").optional(),
                      field("items", &Sample::items, "Items").length(0, 2).optional(),
                      field("attributes", &Sample::attributes, "Attributes").optional(),
                      field("anything", &Sample::anything, "Anything").optional(),
                      field("patch", &Sample::patch, "Patch")};
  }
};

}  // namespace muster::test

template <>
struct muster::EnumWords<muster::test::Colour> {
  static constexpr std::array<std::pair<muster::test::Colour, std::string_view>, 2> words{
      {{muster::test::Colour::red, "red"}, {muster::test::Colour::green, "green"}}};
};
