// SPDX-License-Identifier: Apache-2.0
#include "ports/node_store.hpp"

#include "contract/store_factory.hpp"
#include "ports/news_store.hpp"

namespace muster::contract {
namespace {

using ports::NodeRecord;
using ports::Unit;

NodeRecord make_node(const std::string& id, const std::string& name) {
  NodeRecord node;
  node.id = id;
  node.name = name;
  node.version = "1.2.3";
  node.addresses = {"127.0.0.1:8080", "unix:/run/musterd.sock"};
  node.started_at = at(100);
  node.beat_at = at(200);
  node.max_staleness = std::chrono::seconds(2);
  node.epoch = 7;
  node.seq = 9;
  return node;
}

std::vector<NodeRecord> all(ports::Store& store) {
  return read(store, [](Unit& unit) { return unit.nodes().list(); });
}

bool change(ports::Store& store, const std::function<Result<bool>(ports::NodeStore&)>& step) {
  bool out = false;
  write(store, [&](Unit& unit) -> Status {
    MUSTER_TRY(out, step(unit.nodes()));
    return {};
  });
  return out;
}

ports::NewsHead head(ports::Store& store) {
  return read(store, [](Unit& unit) { return unit.news().head(); });
}

void append_record(ports::Store& store, const std::string& target) {
  write(store, [&](Unit& unit) -> Status {
    model::AuditRecord record;
    record.time = at(1);
    record.actor = "os:0";
    record.source = "unix";
    record.operation = "change " + target;
    record.target = target;
    record.outcome = "ok";
    record.before = JsonValue{R"({"large":true})"};
    return unit.audit().append(record);
  });
}

}  // namespace

TEST_CASE("daemons are listed by name, as they were stored, and one takes the place of itself") {
  STORE_UNDER_TEST(store);
  CHECK(all(store).empty());
  const NodeRecord b = make_node("1", "b");
  NodeRecord a = make_node("2", "a");
  a.addresses.clear();
  a.draining = true;
  write(store, [&](Unit& unit) -> Status {
    MUSTER_CHECK_OK(unit.nodes().put(b));
    return unit.nodes().put(a);
  });
  store_under_test->reopen();
  CHECK(all(store_under_test->store()) == std::vector{a, b});
  a.draining = false;
  a.name = "c";
  write(store_under_test->store(), [&](Unit& unit) { return unit.nodes().put(a); });
  CHECK(all(store_under_test->store()) == std::vector{b, a});
}

TEST_CASE("a beat says how far a daemon is, and nothing else of it; who is not there has none") {
  STORE_UNDER_TEST(store);
  NodeRecord node = make_node("1", "a");
  write(store, [&](Unit& unit) { return unit.nodes().put(node); });
  CHECK(change(store, [](auto& nodes) { return nodes.set_draining("1", ports::Draining::yes); }));
  node.beat_at = at(201);
  node.addresses = {"127.0.0.1:9"};
  node.epoch = 8;
  node.seq = 10;
  CHECK(change(store, [&](auto& nodes) { return nodes.beat(node); }));
  // Also when nothing has changed since.
  CHECK(change(store, [&](auto& nodes) { return nodes.beat(node); }));
  node.draining = true;
  CHECK(all(store) == std::vector{node});
  for (const auto wanted : {ports::Draining::no, ports::Draining::no, ports::Draining::yes}) {
    CHECK(change(store, [&](auto& nodes) { return nodes.set_draining("1", wanted); }));
    node.draining = wanted == ports::Draining::yes;
    CHECK(all(store) == std::vector{node});
  }
  CHECK_FALSE(change(store, [](auto& nodes) { return nodes.set_draining("2", ports::Draining::yes); }));
  CHECK_FALSE(change(store, [](auto& nodes) { return nodes.remove("2"); }));
  CHECK(change(store, [](auto& nodes) { return nodes.remove("1"); }));
  CHECK_FALSE(change(store, [&](auto& nodes) { return nodes.beat(node); }));
  CHECK(all(store).empty());
}

TEST_CASE("the database's clock goes on") {
  STORE_UNDER_TEST(store);
  const Time first = read(store, [](Unit& unit) { return unit.nodes().now(); });
  const Time second = read(store, [](Unit& unit) { return unit.nodes().now(); });
  CHECK(first > at(1'600'000'000));
  CHECK(second >= first);
}

TEST_CASE("news: how far revocations, records and roles are, and what the records are of") {
  STORE_UNDER_TEST(store);
  const ports::NewsHead before = head(store);
  for (const char* each : {"user:1", "role:cook", "keys"}) append_record(store, each);
  write(store, [](Unit& unit) -> Status {
    model::Revocation revocation;
    revocation.revoked_at = at(1);
    revocation.expires_at = at(2);
    return unit.revocations().append(revocation);
  });
  write(store, [](Unit& unit) { return unit.nodes().await(); });
  const ports::NewsHead after = head(store);
  CHECK(after.seq == before.seq + 3);
  CHECK(after.epoch == before.epoch + 1);
  CHECK(after.roles == before.roles);
  CHECK(after.awaited == before.awaited + 1);
  write(store, [](Unit& unit) {
    model::Role role;
    role.name = "cook";
    return unit.roles().create(role);
  });
  CHECK(head(store).roles == before.roles + 1);
  const auto entries = read(store, [&](Unit& unit) { return unit.news().list(before.seq + 1, 10); });
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].seq == before.seq + 2);
  CHECK(entries[0].operation == "change role:cook");
  CHECK(entries[0].target == "role:cook");
  CHECK(entries[1].target == "keys");
  CHECK(read(store, [&](Unit& unit) { return unit.news().list(before.seq, 1); }).size() == 1);
}

}  // namespace muster::contract
