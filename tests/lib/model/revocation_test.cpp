// SPDX-License-Identifier: Apache-2.0
#include "model/revocation.hpp"

#include <memory>
#include <thread>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::model {
namespace {

using namespace std::chrono_literals;

constexpr Time now{1'700'000'000s};

SessionId session(std::int64_t user, unsigned char number) {
  SessionId out{{user}, {}};
  out.random[0] = number;
  return out;
}

Revocation revocation(std::int64_t epoch, std::variant<RevokeAll, UserId, SessionId> target,
                      std::optional<Time> issued_before = {}) {
  return {epoch, target, issued_before, now, now + 15min, "test"};
}

TokenStamp token(const SessionId& id, std::int64_t epoch, Time issued_at = now) {
  return {id, epoch, issued_at};
}

TEST_CASE("an empty index revokes nothing", "[revocation]") {
  const RevocationIndex index;
  CHECK(index.epoch() == 0);
  CHECK_FALSE(index.revokes(token(session(1, 1), 0)));
}

TEST_CASE("a session's revocation kills its older tokens only", "[revocation]") {
  RevocationIndex index;
  index.apply(revocation(5, session(1, 1)));
  CHECK(index.epoch() == 5);
  CHECK(index.revokes(token(session(1, 1), 4)));
  CHECK_FALSE(index.revokes(token(session(1, 1), 5)));
  CHECK_FALSE(index.revokes(token(session(1, 2), 4)));
  CHECK_FALSE(index.revokes(token(session(2, 1), 4)));
}

TEST_CASE("a user's revocation kills tokens of all the user's sessions", "[revocation]") {
  RevocationIndex index;
  index.apply(revocation(5, UserId{1}));
  CHECK(index.revokes(token(session(1, 1), 0)));
  CHECK(index.revokes(token(session(1, 2), 4)));
  CHECK_FALSE(index.revokes(token(session(1, 1), 5)));
  CHECK_FALSE(index.revokes(token(session(2, 1), 0)));
}

TEST_CASE("revoking all kills every older token, whatever its issue time", "[revocation]") {
  RevocationIndex index;
  index.apply(revocation(5, RevokeAll{}));
  CHECK(index.revokes(token(session(7, 1), 4, now + 1h)));
  CHECK_FALSE(index.revokes(token(session(7, 1), 5, now - 1h)));
}

TEST_CASE("issued_before spares tokens that are not older", "[revocation]") {
  RevocationIndex index;
  index.apply(revocation(5, UserId{1}, now));
  CHECK(index.revokes(token(session(1, 1), 4, now - 1s)));
  CHECK_FALSE(index.revokes(token(session(1, 1), 4, now)));
  CHECK_FALSE(index.revokes(token(session(1, 1), 5, now - 1s)));
}

TEST_CASE("revocations arrive in any order and more than once", "[revocation]") {
  RevocationIndex index;
  index.apply(revocation(9, UserId{1}));
  index.apply(revocation(5, UserId{1}));
  index.apply(revocation(9, UserId{1}));
  CHECK(index.epoch() == 9);
  CHECK(index.revokes(token(session(1, 1), 8)));
}

TEST_CASE("only what expired is forgotten, and the epoch stays", "[revocation]") {
  RevocationIndex index;
  index.apply(revocation(1, UserId{1}));
  index.apply(revocation(2, session(2, 1)));
  index.apply(revocation(3, RevokeAll{}));
  CHECK(index.forget_expired(now + 15min - 1us) == 3);
  CHECK(index.revokes(token(session(3, 1), 0)));
  CHECK(index.forget_expired(now + 15min) == 0);
  CHECK_FALSE(index.revokes(token(session(3, 1), 0)));
  CHECK_FALSE(index.revokes(token(session(1, 1), 0)));
  CHECK(index.epoch() == 3);
}

/// Evenly, whatever the size rapidcheck is at.
int pick(int min, int end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(min, end));
}

TEST_CASE("the index agrees with the definition, erring towards revoking only", "[revocation]") {
  CHECK(rc::check("index against list", [] {
    const auto index = std::make_unique<RevocationIndex>();
    std::vector<Revocation> list;
    std::int64_t epoch = 0;
    for (int count = pick(0, 8); count > 0; --count) {
      std::variant<RevokeAll, UserId, SessionId> target = RevokeAll{};
      const std::int64_t user = pick(1, 4);
      if (const int kind = pick(0, 5); kind > 2)
        target = session(user, static_cast<unsigned char>(pick(0, 2)));
      else if (kind > 0)
        target = UserId{user};
      std::optional<Time> before;
      if (*rc::gen::arbitrary<bool>()) before = now + std::chrono::seconds(pick(-3, 4));
      list.push_back(revocation(++epoch, target, before));
      index->apply(list.back());
    }
    const SessionId id = session(pick(1, 4), static_cast<unsigned char>(pick(0, 2)));
    const TokenStamp stamp =
        token(id, pick(0, static_cast<int>(epoch) + 2), now + std::chrono::seconds(pick(-3, 4)));
    std::size_t bounded = 0;
    bool expected = false;
    for (const Revocation& each : list) {
      if (const auto* user = std::get_if<UserId>(&each.target); user != nullptr && *user != id.user) continue;
      if (const auto* other = std::get_if<SessionId>(&each.target); other != nullptr && *other != id)
        continue;
      if (each.issued_before) ++bounded;
      if (stamp.epoch < each.epoch && (!each.issued_before || stamp.issued_at < *each.issued_before))
        expected = true;
    }
    RC_CLASSIFY(expected);
    if (expected) RC_ASSERT(index->revokes(stamp));
    // Two bounded revocations of one target are kept as one that covers both.
    if (bounded < 2) RC_ASSERT(index->revokes(stamp) == expected);
  }));
}

TEST_CASE("readers see a revocation once apply returned, while others are applied", "[revocation]") {
  const auto index = std::make_unique<RevocationIndex>();
  constexpr std::int64_t rounds = 2000;
  std::atomic<std::int64_t> applied{0};
  std::atomic<bool> missed{false};
  std::thread reader([&] {
    while (applied.load() < rounds) {
      const std::int64_t epoch = applied.load();
      if (epoch > 0 && !index->revokes(token(session(epoch, 1), epoch - 1))) missed = true;
    }
  });
  for (std::int64_t epoch = 1; epoch <= rounds; ++epoch) {
    index->apply(revocation(epoch, UserId{epoch}));
    applied.store(epoch);
  }
  reader.join();
  CHECK_FALSE(missed);
  CHECK(index->epoch() == rounds);
}

}  // namespace
}  // namespace muster::model
