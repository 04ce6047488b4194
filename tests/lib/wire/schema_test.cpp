// SPDX-License-Identifier: Apache-2.0
#include "wire/schema.hpp"

#include "lib/wire/sample.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

namespace muster::wire {
namespace {

const FieldInfo& field_named(const Schema& schema, std::string_view name) {
  for (const FieldInfo& each : schema)
    if (each.name == name) return each;
  FAIL("no field " << name);
  return schema.front();
}

TEST_CASE("the schema says of each field what its declaration says", "[schema]") {
  const Schema schema = schema_of<test::Sample>();
  CHECK(schema.size() == 15);
  const auto kind = [&](std::string_view name) { return field_named(schema, name).kind; };
  CHECK(kind("text") == Kind::string);
  CHECK(kind("count") == Kind::integer);
  CHECK(kind("ratio") == Kind::number);
  CHECK(kind("flag") == Kind::boolean);
  CHECK(kind("when") == Kind::time);
  CHECK(kind("user") == Kind::id);
  CHECK(kind("session") == Kind::id);
  CHECK(kind("secret") == Kind::secret);
  CHECK(kind("attributes") == Kind::object);
  CHECK(kind("anything") == Kind::any);
  CHECK(kind("patch") == Kind::string);
  CHECK(field_named(schema, "text").required);
  CHECK_FALSE(field_named(schema, "count").required);
  CHECK_FALSE(field_named(schema, "note").required);
  CHECK(field_named(schema, "note").nullable);
  CHECK(field_named(schema, "patch").nullable);
  CHECK_FALSE(field_named(schema, "text").nullable);
  CHECK(field_named(schema, "text").description == "Text");
  CHECK(field_named(schema, "text").rules.length_max == 5);
  const FieldInfo& items = field_named(schema, "items");
  CHECK(items.kind == Kind::list);
  CHECK(items.item_kind == Kind::structure);
  REQUIRE(items.members.size() == 2);
  CHECK(items.members[1].item_kind == Kind::integer);
}

TEST_CASE("people are told what to write", "[schema]") {
  const Schema schema = schema_of<test::Sample>();
  const auto shown = [&](std::string_view name) { return placeholder(field_named(schema, name)); };
  CHECK(shown("text") == "text");
  CHECK(shown("count") == "1..10");
  CHECK(shown("word") == "yes|no");
  CHECK(shown("colour") == "red|green");
  CHECK(shown("flag") == "true|false");
  CHECK(shown("when") == "time");
  CHECK(shown("user") == "id");
  CHECK(shown("secret") == "secret");
  CHECK(shown("items") == "json");
  CHECK(placeholder(schema_of<test::Inner>()[1]) == "text,...");
}

TEST_CASE("text from a path or a command line gets its field's type", "[schema]") {
  const Schema schema = schema_of<test::Sample>();
  const auto read = [&](std::string_view name, std::string_view text) {
    const auto json = json_from_text(field_named(schema, name), text);
    return json ? to_text(*json) : json.error().message;
  };
  CHECK(read("text", "12") == "\"12\"");
  CHECK(read("count", "12") == "12");
  CHECK(read("count", "12x") == "count: must be a whole number");
  CHECK(read("count", "") == "count: must be a whole number");
  CHECK(read("count", "9223372036854775808") == "count: must be a whole number");
  CHECK(read("ratio", "0.25") == "0.25");
  CHECK(read("ratio", "1,5") == "ratio: must be a number");
  CHECK(read("ratio", "inf") == "ratio: must be a number");
  CHECK(read("ratio", "nan") == "ratio: must be a number");
  CHECK(read("flag", "true") == "true");
  CHECK(read("flag", "yes") == "flag: must be true or false");
  CHECK(read("attributes", R"({"a":1})") == R"({"a":1})");
  CHECK(read("attributes", "{").starts_with("attributes: must be JSON: "));
  CHECK(read("items", R"([{"name":"a"}])") == R"([{"name":"a"}])");
  const FieldInfo numbers = schema_of<test::Inner>()[1];
  CHECK(to_text(*json_from_text(numbers, "1,2,-3")) == "[1,2,-3]");
  CHECK(to_text(*json_from_text(numbers, "")) == "[]");
  CHECK_FALSE(json_from_text(numbers, "1,,2").has_value());
  CHECK_FALSE(json_from_text(numbers, "1,2,").has_value());
}

TEST_CASE("scalars stand in a path as themselves", "[schema]") {
  CHECK(text_from_json(Json("a b")) == "a b");
  CHECK(text_from_json(Json(5)) == "5");
  CHECK(text_from_json(Json(true)) == "true");
  CHECK(text_from_json(*parse_json(R"(["a","b"])")) == "a,b");
}

}  // namespace
}  // namespace muster::wire
