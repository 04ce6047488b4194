// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sharded/invariants.hpp"

#include "adapters/sharded/claims.hpp"
#include "adapters/sharded/relay.hpp"
#include "ports/security_store.hpp"
#include "ports/user_store.hpp"
#include "support/process.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <sqlite3.h>

namespace muster::sharded::testing {
namespace {

using ports::Name;
using ports::Unit;

constexpr std::size_t all = 100'000;

std::vector<Name> names_of(const model::User& user) {
  std::vector<Name> names{{model::NameKind::username, user.username}};
  if (user.email) names.push_back({model::NameKind::email, *user.email});
  if (user.phone) names.push_back({model::NameKind::phone, *user.phone});
  return names;
}

/// The number of rows of a table, seen from outside.
std::int64_t rows_of(const std::string& dsn, const std::string& table) {
  sqlite3* database = nullptr;
  const std::string path = dsn.substr(std::string("sqlite://").size());
  REQUIRE(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  const std::string text = "SELECT count(*) FROM " + table;
  std::int64_t rows = -1;
  if (sqlite3_prepare_v2(database, text.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    rows = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return rows;
}

void check_slots(const Layout& layout) {
  std::map<std::uint32_t, model::ShardId> owners;
  for (const auto& database : layout.databases)
    for (const ports::SlotRow& row : get(*database->store, [](Unit& unit) { return unit.slots().slots(); })) {
      if (!row.owned) continue;
      CHECK(owners.emplace(row.slot, database->id).second);
      CHECK(layout.map.owners.at(row.slot) == model::SlotOwner{database->id, row.epoch});
    }
  CHECK(owners.size() == model::slot_count);
}

void check_names(const Layout& layout) {
  std::map<Name, UserId> by_row;
  std::map<Name, UserId> by_user;
  for (const auto& database : layout.databases) {
    const auto rows = get(*database->store, [](Unit& unit) { return unit.slots().names(std::nullopt, all); });
    for (const ports::NamedRow& each : rows) {
      INFO("name " << each.name.value);
      CHECK_FALSE(each.row.is_pending());
      CHECK(&layout.owner_of(each.name) == database.get());
      CHECK(by_row.emplace(each.name, each.row.user).second);
    }
    const auto users =
        get(*database->store, [](Unit& unit) { return unit.users().list({}, std::nullopt, all); });
    for (const model::User& user : users.items) {
      CHECK(&layout.owner_of(user.id) == database.get());
      for (const Name& name : names_of(user)) CHECK(by_user.emplace(name, user.id).second);
    }
    const auto guards = get(*database->store, [](Unit& unit) {
      return unit.slots().guards(model::Guard::released, UserId{}, model::ClaimId{}, all);
    });
    CHECK(guards.empty());
    CHECK(get(*database->store, [](Unit& unit) { return unit.slots().due_batches(Time::max(), 1); }).empty());
  }
  CHECK(by_row == by_user);
}

void check_audit(ports::Store& store, ports::Store& catalog) {
  std::string previous;
  std::int64_t seq = 0;
  const auto records = get(store, [](Unit& unit) { return unit.audit().list({}, 0, all); });
  for (const model::AuditRecord& record : records) {
    const auto hash = get(catalog, [&](Unit& unit) -> Result<std::string> {
      return unit.audit().chain_hash(previous, record);
    });
    REQUIRE(record.seq == ++seq);
    REQUIRE(record.hash == hash);
    previous = record.hash;
  }
}

}  // namespace

void settle(Databases& databases) {
  const auto layout = databases.layout();
  // The end of one claim may be what another waits for.
  constexpr int passes = 2;
  for (int pass = 0; pass < passes; ++pass)
    for (const auto& database : layout->databases) {
      const auto more = recover_part(*layout, *database);
      INFO((more ? "" : more.error().message + " / " + more.error().detail));
      REQUIRE(more);
    }
  const auto is_passed_on = [&] {
    databases.flush();
    return std::all_of(layout->databases.begin(), layout->databases.end(), [](const auto& database) {
      return get(*database->store, [](Unit& unit) { return unit.slots().posted(1); }).empty();
    });
  };
  REQUIRE(muster::test::eventually(is_passed_on));
  REQUIRE(forget_passed_on(*layout));
}

bool is_whole(ports::Store& store, const model::User& user) {
  const auto by_id = get(store, [&](Unit& unit) { return unit.users().find(user.id); });
  ports::UserFilter by_phone;
  by_phone.phone = user.phone;
  const auto has = [&](const std::optional<model::User>& found) { return found && found->id == user.id; };
  const bool by_username =
      has(get(store, [&](Unit& unit) { return unit.users().find_by_username(user.username); }));
  const bool by_email = has(get(store, [&](Unit& unit) { return unit.users().find_by_email(*user.email); }));
  const auto with_phone =
      get(store, [&](Unit& unit) { return unit.users().list(by_phone, std::nullopt, 10); });
  const bool has_phone = user.phone && with_phone.items.size() == 1 && has(with_phone.items.front());
  INFO("user " << user.username);
  CHECK(by_username == by_id.has_value());
  CHECK(by_email == by_id.has_value());
  if (user.phone) CHECK(has_phone == by_id.has_value());
  return by_id.has_value();
}

void check_invariants(Databases& databases) {
  const auto layout = databases.layout();
  check_slots(*layout);
  check_names(*layout);
  check_audit(databases.store(), *layout->catalog().store);
  for (std::size_t i = 0; i <= databases.shards(); ++i) {
    INFO("database " << i);
    CHECK(rows_of(databases.dsn(i), "outbox") == 0);
    CHECK(muster::test::eventually([&] { return rows_of(databases.dsn(i), "taken") == 0; },
                                   std::chrono::seconds(10)));
  }
}

}  // namespace muster::sharded::testing
