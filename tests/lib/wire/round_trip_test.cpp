// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.hpp"
#include "lib/wire/sample.hpp"
#include "wire/codec.hpp"

#include <bit>
#include <cmath>

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::wire {
namespace {

using test::Inner;
using test::Sample;

void append_utf8(std::string& out, char32_t point) {
  const auto byte = [&](char32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xc0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      byte(0xe0 | (point >> 12));
    } else {
      byte(0xf0 | (point >> 18));
      byte(0x80 | ((point >> 12) & 0x3f));
    }
    byte(0x80 | ((point >> 6) & 0x3f));
  }
  byte(0x80 | (point & 0x3f));
}

/// Well-formed text of `min` to `max` characters from all planes, controls and quotes included.
rc::Gen<std::string> any_text(std::size_t min, std::size_t max) {
  const auto point =
      rc::gen::suchThat(rc::gen::map(rc::gen::oneOf(rc::gen::inRange(1, 0x80), rc::gen::inRange(1, 0x110000)),
                                     [](int value) { return static_cast<char32_t>(value); }),
                        [](char32_t value) { return value < 0xd800 || value > 0xdfff; });
  return rc::gen::mapcat(rc::gen::inRange(min, max + 1), [point](std::size_t length) {
    return rc::gen::map(rc::gen::container<std::vector<char32_t>>(length, point),
                        [](const std::vector<char32_t>& all) {
                          std::string out;
                          for (const char32_t each : all) append_utf8(out, each);
                          return out;
                        });
  });
}

rc::Gen<double> any_number() {
  return rc::gen::suchThat(rc::gen::map(rc::gen::arbitrary<std::uint64_t>(),
                                        [](std::uint64_t bits) { return std::bit_cast<double>(bits); }),
                           [](double value) { return std::isfinite(value); });
}

rc::Gen<Json> any_json(int depth) {
  const auto text = rc::gen::map(any_text(0, 12), [](const std::string& each) { return Json(each); });
  const auto leaf = rc::gen::oneOf(
      text, rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t each) { return Json(each); }),
      rc::gen::map(any_number(), [](double each) { return Json(each); }),
      rc::gen::map(rc::gen::arbitrary<bool>(), [](bool each) { return Json(each); }),
      rc::gen::just(Json(nullptr)));
  if (depth == 0) return leaf;
  const auto children = rc::gen::resize(4, rc::gen::container<std::vector<Json>>(any_json(depth - 1)));
  const auto array = rc::gen::map(children, [](const std::vector<Json>& all) {
    return Json(boost::json::array(all.begin(), all.end()));
  });
  const auto object = rc::gen::map(rc::gen::pair(children, any_text(0, 4)), [](const auto& pair) {
    boost::json::object members;
    int n = 0;
    for (const Json& each : pair.first) members[pair.second + std::to_string(n++)] = each;
    return Json(members);
  });
  return rc::gen::oneOf(leaf, array, object);
}

Sample any_sample() {
  Sample sample;
  sample.text = *any_text(2, 5);
  if (*rc::gen::arbitrary<bool>()) sample.note = *any_text(0, 64);
  sample.count = *rc::gen::inRange<std::int64_t>(1, 11);
  sample.ratio = *any_number();
  sample.flag = *rc::gen::arbitrary<bool>();
  sample.when = Time(std::chrono::microseconds(*rc::gen::inRange<std::int64_t>(0, 253402300799000000)));
  sample.user = UserId{*rc::gen::inRange<std::int64_t>(1, INT64_MAX)};
  if (*rc::gen::arbitrary<bool>()) {
    sample.session.emplace().user = sample.user;
    for (auto& byte : sample.session->random) byte = *rc::gen::arbitrary<unsigned char>();
  }
  sample.secret = Secret(*any_text(0, 20));
  sample.word = *rc::gen::element(std::string("yes"), std::string("no"));
  sample.colour = *rc::gen::element(test::Colour::red, test::Colour::green);
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
    sample.items.push_back({*any_text(1, 8), *rc::gen::container<std::vector<std::int64_t>>(
                                                 static_cast<std::size_t>(*rc::gen::inRange(0, 4)),
                                                 rc::gen::arbitrary<std::int64_t>())});
  sample.attributes.text = to_text(Json(boost::json::object{{"a", *any_json(2)}}));
  sample.anything.text = to_text(*any_json(2));
  if (*rc::gen::arbitrary<bool>()) sample.patch = {true, *any_text(0, 10)};
  return sample;
}

TEST_CASE("any value reads back as it was written", "[codec][property]") {
  CHECK(rc::check("decode(encode(x)) == x", [] {
    const Sample sample = any_sample();
    const std::string text = encode(sample);
    const auto json = parse_json(text);
    RC_ASSERT(json.has_value());
    const auto read_back = decode<Sample>(*json);
    if (!read_back) RC_FAIL(read_back.error().message);
    RC_ASSERT(read_back->text == sample.text);
    RC_ASSERT(read_back->note == sample.note);
    RC_ASSERT(read_back->count == sample.count);
    RC_ASSERT(std::bit_cast<std::uint64_t>(read_back->ratio) == std::bit_cast<std::uint64_t>(sample.ratio));
    RC_ASSERT(read_back->flag == sample.flag);
    RC_ASSERT(read_back->when == sample.when);
    RC_ASSERT(read_back->user == sample.user);
    RC_ASSERT(read_back->session == sample.session);
    RC_ASSERT(read_back->secret == sample.secret);
    RC_ASSERT(read_back->word == sample.word);
    RC_ASSERT(read_back->colour == sample.colour);
    RC_ASSERT(read_back->items == sample.items);
    RC_ASSERT(read_back->attributes == sample.attributes);
    RC_ASSERT(read_back->anything == sample.anything);
    RC_ASSERT(read_back->patch.present == sample.patch.present);
    RC_ASSERT(read_back->patch.value == sample.patch.value);
    RC_ASSERT(encode(*read_back) == text);
  }));
}

TEST_CASE("any tree reads back as it was written", "[json][property]") {
  CHECK(rc::check("to_text(parse(to_text(x))) == to_text(x)", [] {
    const Json tree = *any_json(4);
    const auto read_back = parse_json(to_text(tree));
    RC_ASSERT(read_back.has_value());
    RC_ASSERT(to_text(*read_back) == to_text(tree));
  }));
}

TEST_CASE("any bytes become a string that reads back as UTF-8", "[json][property]") {
  CHECK(rc::check("append_json_string always writes JSON", [](const std::string& bytes) {
    std::string text;
    append_json_string(text, bytes);
    const auto read_back = parse_json(text);
    RC_ASSERT(read_back.has_value());
    if (is_utf8(bytes)) RC_ASSERT(std::string_view(read_back->get_string()) == bytes);
  }));
}

TEST_CASE("a described value given any JSON is read or refused by field", "[codec][property]") {
  CHECK(rc::check("decode never takes what encode would not write", [] {
    boost::json::object object{{"text", "abc"}};
    const auto name =
        *rc::gen::element<std::string>("text", "note", "count", "ratio", "flag", "when", "user", "session",
                                       "secret", "word", "colour", "items", "attributes", "patch", "other");
    object[name] = *any_json(3);
    const auto value = decode<Sample>(Json(object));
    if (!value) {
      RC_ASSERT(!value.error().fields.empty());
      RC_ASSERT(value.error().fields.front().field.starts_with(name));
    } else {
      RC_ASSERT(name != "other");
      // It does not read back whole: what is absent has defaults that need not be valid.
      RC_ASSERT(value->count >= 1 && value->count <= 10);
    }
  }));
}

}  // namespace
}  // namespace muster::wire
