// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

namespace muster::contract {
namespace {

using ports::Unit;

void create(ports::Store& store, std::vector<model::Session> sessions) {
  write_by_part(
      store, sessions, [](const model::Session& session) { return session.id.user; },
      [](Unit& unit, const model::Session& session) { return unit.sessions().create(session); });
}

std::optional<model::Session> find(ports::Store& store, const SessionId& id) {
  return read(store, [&](Unit& unit) { return unit.sessions().find(id); });
}

bool rotate(ports::Store& store, const model::Session& session, const std::string& expected) {
  bool rotated = false;
  write(store, session.id.user.value, [&](Unit& unit) -> Status {
    MUSTER_TRY(rotated, unit.sessions().rotate(session, expected));
    return {};
  });
  return rotated;
}

bool revoke(ports::Store& store, const SessionId& id, Time now) {
  bool revoked = false;
  write(store, id.user.value, [&](Unit& unit) -> Status {
    MUSTER_TRY(revoked, unit.sessions().revoke(id, now));
    return {};
  });
  return revoked;
}

std::int64_t live(ports::Store& store, std::optional<UserId> user, Time now) {
  return read(store, [&](Unit& unit) { return unit.sessions().count_live(user, now); });
}

std::size_t purge(ports::Store& store, Time before, std::size_t limit) {
  return purge_parts(store, limit, [&](Unit& unit, std::size_t here_max) {
    return unit.sessions().purge(before, here_max);
  });
}

}  // namespace

TEST_CASE("a session is found as it was stored") {
  STORE_UNDER_TEST(store);
  model::Session session = make_session(5, 9);
  session.refresh_previous_hash = std::string("\0\1\2", 3);
  create(store, {session});
  store_under_test->reopen();
  const auto found = find(store_under_test->store(), session.id);
  REQUIRE(found);
  CHECK(found->id == session.id);
  CHECK(found->created_at == session.created_at);
  CHECK(found->last_used_at == session.last_used_at);
  CHECK(found->expires_at == session.expires_at);
  CHECK(found->ip == session.ip);
  CHECK(found->user_agent == session.user_agent);
  CHECK(found->refresh_hash == session.refresh_hash);
  CHECK(found->refresh_previous_hash == session.refresh_previous_hash);
  CHECK(found->issued_at == session.issued_at);
  CHECK(found->issued_epoch == session.issued_epoch);
  CHECK_FALSE(found->revoked_at);
  CHECK_FALSE(find(store_under_test->store(), make_session(5, 8).id));
  CHECK(code_of(store_under_test->store().write(ports::Home::of(session.id.user), [&](Unit& unit) {
          return unit.sessions().create(session);
        })) == ErrorCode::already_exists);
}

TEST_CASE("a refresh works once for each token, with and without a new hour of expiry") {
  STORE_UNDER_TEST(store);
  const model::Session session = make_session(5, 9);
  create(store, {session});
  for (const std::int64_t later : {1, 50'000}) {
    INFO(later);
    const auto before = find(store, session.id);
    REQUIRE(before);
    model::Session next = *before;
    next.refresh_hash = std::string(32, static_cast<char>(later));
    next.last_used_at = before->last_used_at + std::chrono::seconds(later);
    next.expires_at = before->expires_at + std::chrono::seconds(later);
    next.issued_at = before->issued_at + std::chrono::seconds(later);
    next.issued_epoch = before->issued_epoch + 1;
    CHECK(rotate(store, next, before->refresh_hash));
    const auto after = find(store, session.id);
    REQUIRE(after);
    CHECK(after->refresh_hash == next.refresh_hash);
    CHECK(after->refresh_previous_hash == before->refresh_hash);
    CHECK(after->last_used_at == next.last_used_at);
    CHECK(after->expires_at == next.expires_at);
    CHECK(after->issued_at == next.issued_at);
    CHECK(after->issued_epoch == next.issued_epoch);
    // The token that was used is of no more use.
    next.refresh_hash = std::string(32, 'z');
    CHECK_FALSE(rotate(store, next, before->refresh_hash));
    CHECK(find(store, session.id)->refresh_hash == after->refresh_hash);
  }
  const auto current = find(store, session.id);
  REQUIRE(revoke(store, session.id, at(2000)));
  CHECK_FALSE(rotate(store, *current, current->refresh_hash));
  CHECK_FALSE(rotate(store, make_session(6, 1), "none"));
}

TEST_CASE("a session is revoked once; all of a user's but one") {
  STORE_UNDER_TEST(store);
  create(store, {make_session(5, 1), make_session(5, 2), make_session(5, 3), make_session(6, 4)});
  CHECK(revoke(store, make_session(5, 1).id, at(1500)));
  CHECK(find(store, make_session(5, 1).id)->revoked_at == at(1500));
  CHECK_FALSE(revoke(store, make_session(5, 1).id, at(1600)));
  CHECK(find(store, make_session(5, 1).id)->revoked_at == at(1500));
  CHECK_FALSE(revoke(store, make_session(7, 1).id, at(1600)));
  std::vector<SessionId> ended;
  write(store, 5, [&](Unit& unit) -> Status {
    MUSTER_TRY(ended, unit.sessions().revoke_all(UserId{5}, make_session(5, 2).id, at(1700)));
    return {};
  });
  CHECK(ended == std::vector<SessionId>{make_session(5, 3).id});
  CHECK_FALSE(find(store, make_session(5, 2).id)->revoked_at);
  CHECK_FALSE(find(store, make_session(6, 4).id)->revoked_at);
  CHECK(live(store, UserId{5}, at(1700)) == 1);
  CHECK(live(store, std::nullopt, at(1700)) == 2);
}

TEST_CASE("live sessions are listed newest first and counted") {
  STORE_UNDER_TEST(store);
  std::vector<model::Session> sessions;
  for (unsigned char i = 0; i < 30; ++i) sessions.push_back(make_session(5, i, 1000 + (i * 7) % 30 / 2));
  sessions[3].expires_at = at(1200);
  create(store, sessions);
  REQUIRE(revoke(store, sessions[4].id, at(1100)));
  const Time now = at(1200);
  std::vector<model::Session> expected = sessions;
  expected.erase(expected.begin() + 3, expected.begin() + 5);
  std::sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) {
    return std::pair(a.created_at, a.id.random) > std::pair(b.created_at, b.id.random);
  });
  std::vector<SessionId> listed;
  std::optional<SessionId> after;
  for (int page = 0; page < 20; ++page) {
    const auto items =
        read(store, [&](Unit& unit) { return unit.sessions().list(UserId{5}, now, after, 4); });
    if (items.empty()) break;
    for (const auto& session : items) listed.push_back(session.id);
    after = listed.back();
  }
  REQUIRE(listed.size() == expected.size());
  for (std::size_t i = 0; i < listed.size(); ++i) CHECK(listed[i] == expected[i].id);
  CHECK(live(store, UserId{5}, now) == 28);
  CHECK(live(store, std::nullopt, now) == 28);
  CHECK(live(store, std::nullopt, at(1199)) == 29);
  CHECK(live(store, std::nullopt, at(200'000)) == 0);
  CHECK(live(store, UserId{6}, now) == 0);
  CHECK(store
            .read([&](Unit& unit) -> Status {
              MUSTER_CHECK_OK(unit.sessions().list(UserId{5}, now, make_session(5, 99).id, 4));
              return {};
            })
            .error()
            .code == ErrorCode::invalid_argument);
}

TEST_CASE("all live sessions are listed by user, then by session") {
  STORE_UNDER_TEST(store);
  std::vector<model::Session> sessions;
  for (std::int64_t user = 1; user <= 9; ++user)
    for (unsigned char i = 0; i < 3; ++i)
      sessions.push_back(make_session(user, static_cast<unsigned char>(200 + i)));
  create(store, sessions);
  REQUIRE(revoke(store, sessions[10].id, at(1100)));
  sessions.erase(sessions.begin() + 10);
  std::vector<SessionId> listed;
  std::optional<SessionId> after;
  for (int page = 0; page < 20; ++page) {
    const auto items = read(store, [&](Unit& unit) { return unit.sessions().list_all(at(1200), after, 4); });
    if (items.empty()) break;
    for (const auto& session : items) listed.push_back(session.id);
    after = listed.back();
  }
  REQUIRE(listed.size() == sessions.size());
  for (std::size_t i = 0; i < listed.size(); ++i) CHECK(listed[i] == sessions[i].id);
}

TEST_CASE("purging removes what is dead before a time, at most so many, and nothing else") {
  STORE_UNDER_TEST(store);
  std::vector<model::Session> sessions;
  for (unsigned char i = 0; i < 10; ++i) {
    sessions.push_back(make_session(i + 1, i));
    sessions.back().expires_at = at(10'000 + i);
  }
  create(store, sessions);
  REQUIRE(revoke(store, sessions[9].id, at(2000)));
  CHECK(purge(store, at(2000), 100) == 0);
  CHECK(purge(store, at(2001), 100) == 1);
  CHECK_FALSE(find(store, sessions[9].id));
  CHECK(purge(store, at(10'005), 3) == 3);
  CHECK(purge(store, at(10'005), 3) == 2);
  CHECK(purge(store, at(10'005), 3) == 0);
  for (std::size_t i = 0; i < 9; ++i) CHECK(find(store, sessions[i].id).has_value() == (i >= 5));
}

}  // namespace muster::contract
