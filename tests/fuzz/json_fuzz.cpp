// SPDX-License-Identifier: Apache-2.0
// JSON text to a tree, to a described value, and back: what was accepted must read the same again.
#include "base/check.hpp"
#include "base/encoding.hpp"
#include "wire/codec.hpp"
#include "wire/envelope.hpp"

#include <cstdint>
#include <string_view>

namespace {

struct Inner {
  std::string name;
  std::vector<std::int64_t> numbers;

  static constexpr auto fields() {
    return std::tuple{muster::field("name", &Inner::name, "A name").length(1, 20),
                      muster::field("numbers", &Inner::numbers, "Some numbers").optional()};
  }
};

struct Outer {
  std::optional<std::string> text;
  muster::Patch<std::string> patch;
  std::optional<muster::Time> time;
  std::optional<muster::UserId> user;
  std::optional<double> ratio;
  std::vector<Inner> items;
  muster::JsonObject attributes;

  static constexpr auto fields() {
    return std::tuple{muster::field("text", &Outer::text, "Text"),
                      muster::field("patch", &Outer::patch, "Patch"),
                      muster::field("time", &Outer::time, "Time"),
                      muster::field("user", &Outer::user, "User"),
                      muster::field("ratio", &Outer::ratio, "Ratio"),
                      muster::field("items", &Outer::items, "Items").length(0, 8).optional(),
                      muster::field("attributes", &Outer::attributes, "Attributes").optional()};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(muster::wire::read_envelope(text, 200));
  const auto parsed = muster::wire::parse_json(text);
  if (!parsed) return 0;
  MUSTER_CHECK(muster::is_utf8(text));
  const std::string once = muster::wire::to_text(*parsed);
  const auto again = muster::wire::parse_json(once);
  MUSTER_CHECK(again.has_value());
  MUSTER_CHECK(muster::wire::to_text(*again) == once);

  const auto value = muster::wire::decode<Outer>(*parsed);
  if (!value) {
    MUSTER_CHECK(!value.error().fields.empty());
    return 0;
  }
  const std::string encoded = muster::wire::encode(*value);
  const auto tree = muster::wire::parse_json(encoded);
  MUSTER_CHECK(tree.has_value());
  const auto same = muster::wire::decode<Outer>(*tree);
  MUSTER_CHECK(same.has_value());
  MUSTER_CHECK(muster::wire::encode(*same) == encoded);
  return 0;
}
