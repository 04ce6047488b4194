// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.hpp"

#include <array>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster {
namespace {

TEST_CASE("base64url agrees with RFC 4648 section 10", "[base]") {
  const std::array<std::pair<std::string_view, std::string_view>, 7> vectors{{{"", ""},
                                                                              {"f", "Zg"},
                                                                              {"fo", "Zm8"},
                                                                              {"foo", "Zm9v"},
                                                                              {"foob", "Zm9vYg"},
                                                                              {"fooba", "Zm9vYmE"},
                                                                              {"foobar", "Zm9vYmFy"}}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(base64url_encode(bytes) == text);
    CHECK(base64url_decode(text) == std::string(bytes));
  }
  CHECK(base64url_encode("\xff\xef\xbe") == "_---");
}

TEST_CASE("base64url has one text for one value", "[base]") {
  for (const std::string_view text :
       {"Z", "Zg==", "Zh", "Zm9", "Zm 9v", "Zm9v\n", "Zm+v", "Zm/v", "Zm9vY", "\xc3\xa9"}) {
    INFO(text);
    CHECK_FALSE(base64url_decode(text));
  }
  CHECK(rc::check("decoding undoes encoding", [](const std::string& bytes) {
    RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes);
  }));
  CHECK(rc::check("what decodes encodes to the same text", [] {
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("AQgwZz09-_=+")));
    const auto bytes = base64url_decode(text);
    if (bytes) RC_ASSERT(base64url_encode(*bytes) == text);
  }));
}

TEST_CASE("hex is lower case and even", "[base]") {
  CHECK(hex_encode(std::string_view("\x00\xff\x10", 3)) == "00ff10");
  CHECK(hex_decode("00ff10") == std::string("\x00\xff\x10", 3));
  for (const std::string_view text : {"0", "0F", "0g", "0x00", " 00"}) CHECK_FALSE(hex_decode(text));
  CHECK(
      rc::check("hex", [](const std::string& bytes) { RC_ASSERT(hex_decode(hex_encode(bytes)) == bytes); }));
}

TEST_CASE("UTF-8 is checked strictly", "[base]") {
  for (const std::string_view text :
       {"", "plain", "caf\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
    CHECK(is_utf8(text));
  for (const std::string_view text :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf8\x88\x80\x80\x80", "\xe2\x82", "\xff", "a\xc3(b"})
    CHECK_FALSE(is_utf8(text));
}

}  // namespace
}  // namespace muster
