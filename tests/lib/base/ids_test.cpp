// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

#include "base/encoding.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster {
namespace {

TEST_CASE("a user id is canonical decimal from 1 to 2^63-1", "[base]") {
  CHECK(UserId::parse("1") == UserId{1});
  CHECK(UserId::parse("9223372036854775807") == UserId{INT64_MAX});
  for (const std::string_view text :
       {"", "0", "-1", "+1", "01", "1 ", " 1", "1.0", "0x1", "9223372036854775808", "me"})
    CHECK_FALSE(UserId::parse(text));
}

TEST_CASE("a session id carries its user and reads back", "[base]") {
  CHECK(rc::check("session id", [] {
    SessionId id{{*rc::gen::inRange<std::int64_t>(1, INT64_MAX)}, {}};
    for (unsigned char& byte : id.random) byte = *rc::gen::arbitrary<unsigned char>();
    RC_ASSERT(id.text().size() == 32U);
    RC_ASSERT(SessionId::parse(id.text()) == id);
  }));
}

TEST_CASE("what is no session id is refused", "[base]") {
  const SessionId id{{42}, {}};
  CHECK_FALSE(SessionId::parse(""));
  CHECK_FALSE(SessionId::parse(id.text() + "AAAA"));
  CHECK_FALSE(SessionId::parse(id.text().substr(4)));
  CHECK_FALSE(SessionId::parse(base64url_encode(std::string(24, '\0'))));
  CHECK_FALSE(SessionId::parse(base64url_encode(std::string(24, '\xff'))));
}

TEST_CASE("sessions of one user do not collide as a rule", "[base]") {
  SessionId a{{42}, {}};
  SessionId b{{42}, {}};
  b.random[0] = 1;
  CHECK(std::hash<SessionId>{}(a) != std::hash<SessionId>{}(b));
  CHECK(std::hash<UserId>{}(UserId{1}) != std::hash<UserId>{}(UserId{2}));
}

}  // namespace
}  // namespace muster
