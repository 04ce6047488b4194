// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.hpp"

#include "lib/wire/sample.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::wire {
namespace {

using test::Inner;
using test::Sample;

Result<Sample> decoded(std::string_view text) {
  auto json = parse_json(text);
  REQUIRE(json.has_value());
  return decode<Sample>(*json);
}

/// The one field at fault, as "field: message".
std::string fault(std::string_view text) {
  const auto value = decoded(text);
  if (value) return "accepted";
  CHECK(value.error().code == ErrorCode::invalid_argument);
  std::string out;
  for (const FieldError& each : value.error().fields)
    out += (out.empty() ? "" : "; ") + each.field + ": " + each.message;
  CHECK(value.error().message == out);
  return out;
}

std::string with(std::string_view member) {
  return R"({"text":"abc",)" + std::string(member) + "}";
}

TEST_CASE("what is absent is nothing or the default, never an error unless required", "[codec]") {
  const auto value = decoded(R"({"text":"abc"})");
  REQUIRE(value.has_value());
  CHECK(value->text == "abc");
  CHECK_FALSE(value->note.has_value());
  CHECK(value->count == 7);
  CHECK_FALSE(value->patch.present);
  CHECK(value->attributes.text == "{}");
  CHECK(fault("{}") == "text: is required");
  CHECK(fault(R"({"text":null})") == "text: must be a string");
}

TEST_CASE("a member that no field has is refused by its path", "[codec]") {
  CHECK(fault(with(R"("extra":1)")) == "extra: is not a known field");
  CHECK(fault(with(R"("items":[{"name":"a","nam":1}])")) == "items[0].nam: is not a known field");
  CHECK(fault(with(R"("Text":"abc")")) == "Text: is not a known field");
}

TEST_CASE("every fault is named at once", "[codec]") {
  CHECK(fault(R"({"text":1,"count":11,"x":0})") ==
        "text: must be a string; count: must be from 1 to 10; x: is not a known field");
}

TEST_CASE("the type must be the declared one", "[codec]") {
  CHECK(fault(R"({"text":5})") == "text: must be a string");
  CHECK(fault(with(R"("count":"5")")) == "count: must be a whole number");
  CHECK(fault(with(R"("count":5.0)")) == "count: must be a whole number");
  CHECK(fault(with(R"("count":18446744073709551615)")) == "count: must be a whole number");
  CHECK(fault(with(R"("count":true)")) == "count: must be a whole number");
  CHECK(fault(with(R"("count":null)")) == "count: must be a whole number");
  CHECK(fault(with(R"("ratio":"1")")) == "ratio: must be a number");
  CHECK(fault(with(R"("flag":1)")) == "flag: must be true or false");
  CHECK(fault(with(R"("items":{})")) == "items: must be a list");
  CHECK(fault(with(R"("items":[1])")) == "items[0]: must be an object");
  CHECK(fault(with(R"("attributes":[])")) == "attributes: must be an object");
  CHECK(fault(with(R"("user":5)")) == "user: must be a user id: a decimal number in a string");
  CHECK(fault(with(R"("user":"05")")) == "user: must be a user id: a decimal number in a string");
  CHECK(fault(with(R"("user":"9223372036854775808")")) ==
        "user: must be a user id: a decimal number in a string");
  CHECK(fault(with(R"("session":"zzz")")) == "session: must be a session id");
  CHECK(fault(with(R"("when":1700000000)")).starts_with("when: "));
  CHECK(fault(with(R"("when":"yesterday")")).starts_with("when: "));
  CHECK(fault(with(R"("patch":1)")) == "patch: must be a string");
  const auto not_an_object = decode<Sample>(*parse_json("[]"));
  REQUIRE_FALSE(not_an_object.has_value());
  CHECK(not_an_object.error().message == "body: must be an object");
}

TEST_CASE("lengths count characters, not bytes", "[codec]") {
  CHECK(fault(R"({"text":"a"})") == "text: must have 2 to 5 characters");
  CHECK(fault(R"({"text":"abcdef"})") == "text: must have 2 to 5 characters");
  CHECK(decoded(
            "{\"text\":\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"}")
            .has_value());
  CHECK(fault("{\"text\":\"\xf0\x9f\x98\x80\"}") == "text: must have 2 to 5 characters");
  CHECK(fault(R"({"text":"a\u0000b"})") == "text: must not contain U+0000");
  CHECK(fault(with(R"("items":[{"name":"a"},{"name":"b"},{"name":"c"}])")) ==
        "items: must have 0 to 2 items");
  CHECK(fault(with(R"("items":[{"name":"a"},{"name":""}])")) == "items[1].name: must have 1 to 8 characters");
  CHECK(fault(with(R"("items":[{"name":"a","numbers":[1,2,"3"]}])")) ==
        "items[0].numbers[2]: must be a whole number");
}

TEST_CASE("words come from their list", "[codec]") {
  CHECK(decoded(with(R"("word":"no","colour":"green")"))->colour == test::Colour::green);
  CHECK(fault(with(R"("word":"maybe")")) == "word: must be one of yes, no");
  CHECK(fault(with(R"("word":"yes|no")")) == "word: must be one of yes, no");
  CHECK(fault(with(R"("word":"")")) == "word: must be one of yes, no");
  CHECK(fault(with(R"("colour":"blue")")) == "colour: must be one of red, green");
  CHECK(fault(with(R"("colour":3)")) == "colour: must be a string");
}

TEST_CASE("a patch tells absent from null", "[codec]") {
  CHECK_FALSE(decoded(with(R"("note":null)"))->patch.present);
  const auto cleared = decoded(with(R"("patch":null)"));
  CHECK(cleared->patch.present);
  CHECK_FALSE(cleared->patch.applied_to("old").has_value());
  const auto set = decoded(with(R"("patch":"new")"));
  CHECK(set->patch.applied_to("old") == "new");
  CHECK(Patch<std::string>{}.applied_to("old") == "old");
}

TEST_CASE("attributes are kept as they came, up to their size", "[codec]") {
  const auto value = decoded(with(R"("attributes":{"b":[1,0.1,null],"a":{"z":true}})"));
  REQUIRE(value.has_value());
  CHECK(value->attributes.text == R"({"b":[1,0.1,null],"a":{"z":true}})");
  const std::string big = R"("attributes":{"a":")" + std::string(64 * 1024, 'x') + "\"}";
  CHECK(fault(with(big)) == "attributes: must be at most 64KiB of JSON");
}

TEST_CASE("encoding writes absent values as null and leaves an absent patch out", "[codec]") {
  Sample value;
  value.text = "a\"b";
  value.user = UserId{9007199254740993};
  value.items = {{"x", {1, -2}}};
  CHECK(encode(value) ==
        R"({"text":"a\"b","note":null,"count":7,"ratio":0,"flag":false,"when":"1970-01-01T00:00:00Z",)"
        R"("user":"9007199254740993","session":null,"secret":"","word":"","colour":"red",)"
        R"("items":[{"name":"x","numbers":[1,-2]}],"attributes":{},"anything":null})");
  value.patch = {true, std::nullopt};
  CHECK(encode(value).ends_with(R"("anything":null,"patch":null})"));
  CHECK(encode(Empty{}) == "{}");
  CHECK(encode(true) == "true");
  CHECK(encode(std::vector<std::string>{}) == "[]");
  CHECK(encode("text") == "\"text\"");
}

}  // namespace
}  // namespace muster::wire
