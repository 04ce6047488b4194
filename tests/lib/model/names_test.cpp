// SPDX-License-Identifier: Apache-2.0
#include "model/contact.hpp"
#include "model/username.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::model {
namespace {

TEST_CASE("usernames are unique without regard to case and width", "[names]") {
  CHECK(canonical_username("Alice").value() == "alice");
  CHECK(canonical_username("a").value() == "a");
  CHECK(canonical_username("a.b_c-9").value() == "a.b_c-9");
  CHECK(canonical_username("9lives").value() == "9lives");
  CHECK(canonical_username("\xef\xbd\x81lice").value() == "alice");  // fullwidth a
  CHECK(canonical_username("Stra\xc3\x9f"
                           "e")
            .value() == "strasse");                                        // sharp s folds to ss
  CHECK(canonical_username("\xc3\x89lodie").value() == "\xc3\xa9lodie");   // É
  CHECK(canonical_username("e\xcc\x81lodie").value() == "\xc3\xa9lodie");  // e and a combining acute
  CHECK(canonical_username(std::string(64, 'x')).value() == std::string(64, 'x'));
}

TEST_CASE("usernames of other scripts are welcome", "[names]") {
  for (const char* name :
       {"\xd0\x9c\xd0\xb0\xd1\x80\xd0\xb8\xd1\x8f", "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99",
        "\xe3\x81\x9f\xe3\x82\x8d\xe3\x81\x86",
        "\xce\x94\xce\xb7\xce\xbc\xce\xae\xcf\x84\xcf\x81\xce\xb7\xcf\x82",
        "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf", "\xe0\xa4\xb0\xe0\xa4\xbe\xe0\xa4\xae\xe0\xa5\x81", "Jos\xc3\xa9",
        "M\xc3\xbcller"}) {
    INFO(name);
    CHECK(canonical_username(name));
  }
}

TEST_CASE("what is no username is refused and told what is", "[names]") {
  for (const std::string name : {"",
                                 " ",
                                 "a b",
                                 "alice@example.org",
                                 "-a",
                                 "a-",
                                 ".a",
                                 "_",
                                 "a/b",
                                 "a:b",
                                 "12345",
                                 "0",
                                 "me",
                                 "ME",
                                 "a\n",
                                 "a\x7f",
                                 "\xff",
                                 "a\xe2\x80\x8b"
                                 "b",
                                 "\xe2\x80\xae"
                                 "bob",
                                 "\xc2\xb2x",
                                 "\xd9\xa1\xd9\xa2\xd9\xa3",
                                 "\xef\xbc\x91\xef\xbc\x92",
                                 "\xf0\x9f\x98\x80"}) {
    INFO(name);
    const auto refused = canonical_username(name);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    REQUIRE(refused.error().fields.size() == 1);
    CHECK(refused.error().fields[0].field == "username");
  }
  CHECK_FALSE(canonical_username(std::string(65, 'x')));
  CHECK_FALSE(canonical_username(std::string("a\0b", 3)));
}

TEST_CASE("names that look like others are refused", "[names]") {
  CHECK_FALSE(canonical_username("p\xd0\xb0ypal"));             // Cyrillic a among Latin
  CHECK_FALSE(canonical_username("\xd0\xb0\xd1\x81\xd0\xb5"));  // Cyrillic that reads "ace"
  CHECK_FALSE(canonical_username("adm\xc4\xb1n"));              // dotless i
  CHECK_FALSE(canonical_username("\xce\xb1\xd0\xb1\xd0\xb2"));  // Greek among Cyrillic
  CHECK_FALSE(canonical_username("\xce\xbf\xce\xbf\xce\xbf"));  // Greek that reads "ooo"
}

TEST_CASE("a canonical name is its own canonical name", "[names]") {
  CHECK(rc::check("idempotent", [] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "a", "B", "9", ".", "_", "-", "\xc3\xa9", "\xc3\x89", "\xcc\x81", "\xd0\x96", "\xc3\x9f",
        "\xe6\x9d\x8e", "\xef\xbc\xa1", "\xc4\xb0", "\xe2\x84\xab"));
    std::string name;
    for (const std::string& piece : pieces) name += piece;
    const auto once = canonical_username(name);
    if (once) RC_ASSERT(canonical_username(*once).value() == *once);
  }));
}

TEST_CASE("any bytes get an answer", "[names]") {
  CHECK(rc::check("arbitrary bytes", [](const std::string& bytes) {
    (void)canonical_username(bytes);
    (void)normal_email(bytes);
    (void)normal_phone(bytes);
  }));
}

TEST_CASE("emails have one form", "[names]") {
  CHECK(normal_email("Alice@Example.ORG").value() == "alice@example.org");
  CHECK(normal_email("a.b+tag@mail.example.co.uk").value() == "a.b+tag@mail.example.co.uk");
  CHECK(normal_email("a@b\xc3\xbc"
                     "cher.example")
            .value() == "a@xn--bcher-kva.example");
  CHECK(normal_email(std::string(64, 'a') + "@example.org"));
}

TEST_CASE("what is no email is refused", "[names]") {
  for (const std::string email : {"",
                                  "alice",
                                  "@example.org",
                                  "alice@",
                                  "alice@localhost",
                                  "a@b@example.org",
                                  ".a@example.org",
                                  "a.@example.org",
                                  "a..b@example.org",
                                  "a b@example.org",
                                  "a@example..org",
                                  "a@-example.org",
                                  "a@example-.org",
                                  "a@127.0.0.1",
                                  "\"a b\"@example.org",
                                  "a@[127.0.0.1]",
                                  "a@example.org.",
                                  "a@example.org ",
                                  "a@exam_ple.org",
                                  "a\r\n@example.org",
                                  "\xc3\xa9@example.org",
                                  "a<b>@example.org",
                                  "\xff@example.org"}) {
    INFO(email);
    const auto refused = normal_email(email);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fields.at(0).field == "email");
  }
  CHECK_FALSE(normal_email(std::string(65, 'a') + "@example.org"));
  CHECK_FALSE(normal_email("a@" + std::string(64, 'b') + ".org"));
  CHECK_FALSE(normal_email("a@" + std::string(63, 'b') + "." + std::string(63, 'c') + "." +
                           std::string(63, 'd') + "." + std::string(63, 'e') + ".org"));
}

TEST_CASE("phone numbers are E.164", "[names]") {
  CHECK(normal_phone("+49 (30) 123-45.67").value() == "+49301234567");
  CHECK(normal_phone("+123456789012345").value() == "+123456789012345");
  for (const std::string phone :
       {"", "+", "0301234567", "49301234567", "+0301234567", "+1234567", "+1234567890123456",
        "+49 30 12a4567", "++49301234567", "+49301234567;ext=1"}) {
    INFO(phone);
    const auto refused = normal_phone(phone);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fields.at(0).field == "phone");
  }
  CHECK_FALSE(normal_phone("+4930123456" + std::string(40, ' ')));
}

}  // namespace
}  // namespace muster::model
