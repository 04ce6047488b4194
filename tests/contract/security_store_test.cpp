// SPDX-License-Identifier: Apache-2.0
#include "contract/store_factory.hpp"

namespace muster::contract {
namespace {

using ports::Unit;

model::Revocation revoke_all(std::int64_t revoked_at, std::optional<Time> issued_before = std::nullopt) {
  model::Revocation revocation;
  revocation.revoked_at = at(revoked_at);
  revocation.expires_at = at(revoked_at + 1000);
  revocation.issued_before = issued_before;
  revocation.reason = "test";
  return revocation;
}

void append(ports::Store& store, model::Revocation& revocation) {
  write(store, [&](Unit& unit) { return unit.revocations().append(revocation); });
}

model::UserRevocation global(ports::Store& store) {
  return read(store, [](Unit& unit) { return unit.revocations().global(); });
}

model::AuditRecord make_record(std::int64_t time, const std::string& actor, const std::string& operation,
                               const std::string& target) {
  model::AuditRecord record;
  record.time = at(time);
  record.actor = actor;
  record.source = "unix";
  record.operation = operation;
  record.target = target;
  record.outcome = "ok";
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  record.after = JsonValue{R"({"x":1})"};
  return record;
}

std::vector<model::AuditRecord> list(ports::Store& store, const ports::AuditFilter& filter,
                                     std::int64_t after = 0, std::size_t limit = 1000) {
  return read(store, [&](Unit& unit) { return unit.audit().list(filter, after, limit); });
}

std::vector<std::int64_t> seqs(const std::vector<model::AuditRecord>& records) {
  std::vector<std::int64_t> out;
  for (const auto& record : records) out.push_back(record.seq);
  return out;
}

/// Whether the records link to each other from the first on.
bool chain_holds(ports::Store& store, const std::vector<model::AuditRecord>& records) {
  std::string previous;
  std::int64_t seq = 0;
  for (const auto& record : records) {
    const auto hash = read(
        store, [&](Unit& unit) -> Result<std::string> { return unit.audit().chain_hash(previous, record); });
    if (record.seq != ++seq || record.hash != hash) return false;
    previous = record.hash;
  }
  return true;
}

}  // namespace

TEST_CASE("revocations are listed by epoch, whatever they concern") {
  STORE_UNDER_TEST(store);
  model::Revocation all = revoke_all(100);
  model::Revocation user = revoke_all(101, at(90));
  user.target = UserId{7};
  model::Revocation session = revoke_all(102);
  session.target = make_session(7, 200).id;
  append(store, all);
  append(store, user);
  append(store, session);
  CHECK(std::vector<std::int64_t>{all.epoch, user.epoch, session.epoch} ==
        std::vector<std::int64_t>{1, 2, 3});
  store_under_test->reopen();
  ports::Store& again = store_under_test->store();
  const auto found = read(again, [](Unit& unit) { return unit.revocations().list(0, at(500), 10); });
  REQUIRE(found.size() == 3);
  CHECK(std::holds_alternative<model::RevokeAll>(found[0].target));
  CHECK(std::get<UserId>(found[1].target) == UserId{7});
  CHECK(found[1].issued_before == at(90));
  CHECK(found[1].revoked_at == at(101));
  CHECK(found[1].expires_at == at(1101));
  CHECK(found[1].reason == "test");
  CHECK(std::get<SessionId>(found[2].target) == make_session(7, 200).id);
  CHECK(read(again, [](Unit& unit) { return unit.revocations().list(1, at(500), 1); }).size() == 1);
  CHECK(read(again, [](Unit& unit) { return unit.revocations().list(0, at(1101), 10); }).size() == 1);
}

TEST_CASE("the epoch never goes back, whatever is purged or undone") {
  STORE_UNDER_TEST(store);
  for (int i = 0; i < 5; ++i) {
    model::Revocation revocation = revoke_all(i);
    append(store, revocation);
  }
  std::size_t purged = 0;
  write(store, [&](Unit& unit) -> Status {
    MUSTER_TRY(purged, unit.revocations().purge(at(1'000'000), 3));
    return {};
  });
  CHECK(purged == 3);
  write(store, [&](Unit& unit) -> Status {
    MUSTER_TRY(purged, unit.revocations().purge(at(1'000'000), 3));
    return {};
  });
  CHECK(purged == 2);
  store_under_test->reopen();
  ports::Store& again = store_under_test->store();
  CHECK(read(again, [](Unit& unit) { return unit.revocations().epoch(); }) == 5);
  model::Revocation next = revoke_all(9);
  append(again, next);
  CHECK(next.epoch == 6);
  CHECK(global(again).revoked_epoch == 6);
}

TEST_CASE("what all users are held against never revokes less than before") {
  STORE_UNDER_TEST(store);
  CHECK(global(store).revoked_epoch == 0);
  model::Revocation first = revoke_all(1000);
  append(store, first);
  CHECK(global(store).revoked_epoch == first.epoch);
  CHECK_FALSE(global(store).revoked_before);
  // With a bound earlier than what was revoked already, that stays revoked: it was issued by second 1000.
  model::Revocation bounded = revoke_all(2000, at(500));
  append(store, bounded);
  CHECK(global(store).revoked_epoch == bounded.epoch);
  CHECK(global(store).revoked_before == at(1001));
  model::Revocation later = revoke_all(3000, at(2500));
  append(store, later);
  CHECK(global(store).revoked_before == at(2500));
  model::Revocation earlier = revoke_all(4000, at(10));
  append(store, earlier);
  CHECK(global(store).revoked_epoch == earlier.epoch);
  CHECK(global(store).revoked_before == at(2500));
  model::Revocation user = revoke_all(5000);
  user.target = UserId{1};
  append(store, user);
  CHECK(global(store).revoked_epoch == earlier.epoch);
  model::Revocation last = revoke_all(6000);
  append(store, last);
  CHECK(global(store).revoked_epoch == last.epoch);
  CHECK_FALSE(global(store).revoked_before);
}

TEST_CASE("signing keys are kept with their sealed bytes, and only their life changes") {
  STORE_UNDER_TEST(store);
  model::SealedSigningKey sealed;
  sealed.key.id = "k1";
  sealed.key.algorithm = model::SigningAlgorithm::rs256;
  sealed.key.created_at = at(10);
  sealed.sealed_private = std::string("\0\xff raw", 6);
  write(store, [&](Unit& unit) { return unit.keys().insert(sealed); });
  CHECK(code_of(store.write([&](Unit& unit) { return unit.keys().insert(sealed); })) ==
        ErrorCode::already_exists);
  model::SigningKey changed = sealed.key;
  changed.state = model::KeyState::retired;
  changed.activated_at = at(20);
  changed.retired_at = at(30);
  changed.expires_at = at(40);
  write(store, [&](Unit& unit) { return unit.keys().update(changed); });
  store_under_test->reopen();
  ports::Store& again = store_under_test->store();
  const auto keys = read(again, [](Unit& unit) { return unit.keys().list(); });
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].key.id == "k1");
  CHECK(keys[0].key.algorithm == model::SigningAlgorithm::rs256);
  CHECK(keys[0].key.state == model::KeyState::retired);
  CHECK(keys[0].key.created_at == at(10));
  CHECK(keys[0].key.activated_at == at(20));
  CHECK(keys[0].key.retired_at == at(30));
  CHECK(keys[0].key.expires_at == at(40));
  CHECK(keys[0].sealed_private == sealed.sealed_private);
  changed.id = "k2";
  CHECK(code_of(again.write([&](Unit& unit) { return unit.keys().update(changed); })) ==
        ErrorCode::not_found);
  for (const bool expected : {true, false}) {
    bool removed = !expected;
    write(again, [&](Unit& unit) -> Status {
      MUSTER_TRY(removed, unit.keys().remove("k1"));
      return {};
    });
    CHECK(removed == expected);
  }
}

TEST_CASE("audit records form a chain, over units, undone parts and a restart") {
  STORE_UNDER_TEST(store);
  CHECK(read(store, [](Unit& unit) { return unit.audit().head(); }) ==
        std::pair<std::int64_t, std::string>(0, ""));
  std::vector<model::AuditRecord> kept;
  write(store, [&](Unit& unit) -> Status {
    for (int i = 0; i < 6; ++i) {
      model::AuditRecord record = make_record(i, "os:0", "op", "user:1");
      const Status status = unit.attempt([&]() -> Status {
        MUSTER_CHECK_OK(unit.audit().append(record));
        return i % 2 == 0 ? Status{} : Status(fail(ErrorCode::conflict, "undone"));
      });
      if (status) kept.push_back(record);
    }
    return {};
  });
  model::AuditRecord lost = make_record(7, "os:0", "op", "user:1");
  CHECK_FALSE(store.write([&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.audit().append(lost));
    return fail(ErrorCode::conflict, "undone");
  }));
  store_under_test->reopen();
  ports::Store& again = store_under_test->store();
  model::AuditRecord last = make_record(8, "os:0", "op", "user:1");
  last.before = JsonValue{"null"};
  last.after = std::nullopt;
  write(again, [&](Unit& unit) { return unit.audit().append(last); });
  kept.push_back(last);
  const auto records = list(again, {});
  CHECK(seqs(records) == std::vector<std::int64_t>{1, 2, 3, 4});
  REQUIRE(chain_holds(again, records));
  for (std::size_t i = 0; i < kept.size(); ++i) {
    CHECK(records[i].hash == kept[i].hash);
    CHECK(records[i].time == kept[i].time);
    CHECK(records[i].before == kept[i].before);
    CHECK(records[i].after == kept[i].after);
    CHECK(records[i].trace_id == kept[i].trace_id);
  }
  CHECK(read(again, [](Unit& unit) { return unit.audit().head(); }) ==
        std::pair<std::int64_t, std::string>(4, last.hash));

  auto changed = records;
  changed[1].actor += "x";
  CHECK_FALSE(chain_holds(again, changed));
  auto dropped = records;
  dropped.erase(dropped.begin() + 1);
  CHECK_FALSE(chain_holds(again, dropped));
  auto moved = records;
  std::swap(moved[1], moved[2]);
  CHECK_FALSE(chain_holds(again, moved));
}

TEST_CASE("audit records are found by every combination of filters") {
  STORE_UNDER_TEST(store);
  std::vector<model::AuditRecord> all;
  for (int i = 0; i < 60; ++i) {
    // Times that go back a little now and then.
    all.push_back(make_record(1000 + i * 10 - (i % 7) * 15, i % 2 == 0 ? "os:0" : "7",
                              i % 3 == 0 ? "login" : "grant", "user:" + std::to_string(i % 4)));
  }
  write(store, [&](Unit& unit) -> Status {
    for (auto& record : all) MUSTER_CHECK_OK(unit.audit().append(record));
    return {};
  });
  for (int which = 0; which < 32; ++which) {
    ports::AuditFilter filter;
    if ((which & 1) != 0) filter.actor = "os:0";
    if ((which & 2) != 0) filter.operation = "grant";
    if ((which & 4) != 0) filter.target = "user:2";
    if ((which & 8) != 0) filter.since = at(1150);
    if ((which & 16) != 0) filter.until = at(1400);
    std::vector<std::int64_t> expected;
    for (const auto& record : all)
      if ((!filter.actor || record.actor == *filter.actor) &&
          (!filter.operation || record.operation == *filter.operation) &&
          (!filter.target || record.target == *filter.target) &&
          (!filter.since || record.time >= *filter.since) && (!filter.until || record.time <= *filter.until))
        expected.push_back(record.seq);
    INFO("filter " << which);
    CHECK(seqs(list(store, filter)) == expected);
    std::vector<std::int64_t> walked;
    for (int page = 0; page < 100; ++page) {
      const auto records = list(store, filter, walked.empty() ? 0 : walked.back(), 7);
      if (records.empty()) break;
      for (const auto seq : seqs(records)) walked.push_back(seq);
    }
    CHECK(walked == expected);
  }
}

TEST_CASE("no two records have the same canonical bytes") {
  model::AuditRecord one = make_record(1, "ab", "c", "d");
  model::AuditRecord two = make_record(1, "a", "bc", "d");
  CHECK(one.canonical_bytes() != two.canonical_bytes());
  two = one;
  CHECK(one.canonical_bytes() == two.canonical_bytes());
  two.hash = "another";
  CHECK(one.canonical_bytes() == two.canonical_bytes());
  one.before = std::nullopt;
  two.before = JsonValue{""};
  CHECK(one.canonical_bytes() != two.canonical_bytes());
  two = one;
  std::swap(two.before, two.after);
  CHECK(one.canonical_bytes() != two.canonical_bytes());
  two = one;
  two.seq = 9;
  CHECK(one.canonical_bytes() != two.canonical_bytes());
}

}  // namespace muster::contract
