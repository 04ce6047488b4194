// SPDX-License-Identifier: Apache-2.0
#include "wire/json.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

namespace muster::wire {
namespace {

std::string refusal(std::string_view text) {
  const auto parsed = parse_json(text);
  if (parsed) return "accepted as " + to_text(*parsed);
  CHECK(parsed.error().code == ErrorCode::invalid_argument);
  return parsed.error().message;
}

TEST_CASE("a member that is there twice is refused, at any depth", "[json]") {
  const std::string why = "not valid JSON: a member is there twice";
  CHECK(refusal(R"({"a":1,"a":1})") == why);
  CHECK(refusal(R"({"a":1,"b":2,"a":3})") == why);
  CHECK(refusal(R"([{"x":{"a":1,"a":2}}])") == why);
  CHECK(refusal(R"({"a":{"a":1},"b":[{"c":1},{"c":2,"c":3}]})") == why);
  CHECK(refusal(R"({"\u0061":1,"a":2})") == why);
  CHECK(parse_json(R"({"a":{"a":{"a":[]}},"b":[{"a":1},{"a":1}]})").has_value());
}

TEST_CASE("32 levels are read, 33 are not", "[json]") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json(nested(json_depth_max)).has_value());
  CHECK(refusal(nested(json_depth_max + 1)).find("too deep") != std::string::npos);
  CHECK(refusal(std::string(1'000'000, '[')).find("too deep") != std::string::npos);
  std::string objects = "1";
  for (std::size_t i = 0; i <= json_depth_max; ++i) objects = R"({"a":)" + objects + "}";
  CHECK(refusal(objects).find("too deep") != std::string::npos);
}

TEST_CASE("bytes that are not UTF-8 are refused, in values and in names", "[json]") {
  for (const std::string& bytes :
       {std::string("\x80"), std::string("\xc0\xaf"), std::string("\xe0\x80\xaf"),
        std::string("\xed\xa0\x80"), std::string("\xf4\x90\x80\x80"), std::string("\xf8\x88\x80\x80\x80"),
        std::string("\xc3"), std::string("\xff")}) {
    INFO(bytes.size());
    CHECK(refusal("\"" + bytes + "\"").starts_with("not valid JSON"));
    CHECK(refusal("{\"" + bytes + "\":1}").starts_with("not valid JSON"));
  }
  CHECK(refusal(R"("\ud800")").starts_with("not valid JSON"));
  CHECK(refusal(R"("\ud800\u0041")").starts_with("not valid JSON"));
  CHECK(refusal(R"("\udc00")").starts_with("not valid JSON"));
  const auto face = parse_json(R"("\ud83d\ude00")");
  REQUIRE(face.has_value());
  CHECK(to_text(*face) == "\"\xf0\x9f\x98\x80\"");
}

TEST_CASE("what RFC 8259 does not know is refused", "[json]") {
  for (const std::string_view text :
       {"",         " ",         "{",         "[1,]",  "{\"a\":1,}", "{a:1}",         "'a'",
        "01",       "+1",        "1.",        ".5",    "1e",         "0x10",          "NaN",
        "Infinity", "-Infinity", "nul",       "True",  "[1] // no",  "/* no */ 1",    "\"\t\"",
        "\"\x01\"", "\"\\x41\"", "\"\\u12\"", "[1 2]", "{\"a\" 1}",  "\xef\xbb\xbf{}"}) {
    INFO(text);
    CHECK(refusal(text).starts_with("not valid JSON: "));
  }
  CHECK(refusal(std::string("1\0", 2)).starts_with("not valid JSON: "));
}

TEST_CASE("text after the value is refused, and said where", "[json]") {
  CHECK(refusal("{} x") == "not valid JSON: text after the value at byte 3");
  CHECK(refusal("{}{}") == "not valid JSON: text after the value at byte 2");
  CHECK(refusal("1 2").find("at byte 2") != std::string::npos);
  CHECK(parse_json(" \t\r\n{} \n").has_value());
}

TEST_CASE("a number that no double holds is refused, any other keeps its value", "[json]") {
  CHECK(refusal("1e400").starts_with("not valid JSON"));
  CHECK(refusal("[-1e999]").starts_with("not valid JSON"));
  const auto same = [](std::string_view text) {
    const auto parsed = parse_json(text);
    return parsed ? to_text(*parsed) : parsed.error().message;
  };
  CHECK(same("9223372036854775807") == "9223372036854775807");
  CHECK(same("-9223372036854775808") == "-9223372036854775808");
  CHECK(same("18446744073709551615") == "18446744073709551615");
  CHECK(same("0.1") == "0.1");
  CHECK(same("-0.0") == "-0.0");
  CHECK(same("5e-324") == "5e-324");
  // The parser of Boost is one unit in the last place off here.
  CHECK(same("1.3927926388013963e-143") == "1.3927926388013963e-143");
  CHECK(same("[1.5,2.5e3,{\"a\":1e-7}]") == "[1.5,2500,{\"a\":1e-07}]");
}

TEST_CASE("strings are escaped so that they read back", "[json]") {
  std::string out;
  append_json_string(out, "a\"b\\c\nd\x01\x1f\x7f\xc2\x9b\xc2\xa0\xc3\xa9/");
  CHECK(out == "\"a\\\"b\\\\c\\nd\\u0001\\u001f\\u007f\\u009b\xc2\xa0\xc3\xa9/\"");
  out.clear();
  append_json_string(out, std::string("\xffz", 2));
  CHECK(out == "\"\xef\xbf\xbdz\"");
  CHECK(parse_json(out).has_value());
}

TEST_CASE("numbers that JSON has no form for are null", "[json]") {
  std::string out;
  append_json_number(out, std::numeric_limits<double>::infinity());
  append_json_number(out, std::nan(""));
  CHECK(out == "nullnull");
}

}  // namespace
}  // namespace muster::wire
