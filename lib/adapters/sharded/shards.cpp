// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/shards.hpp"

#include "adapters/sharded/fan_out.hpp"
#include "adapters/sharded/watched_store.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "ports/system_store.hpp"
#include "ports/user_store.hpp"

#include <algorithm>

namespace muster::sharded {
namespace {

using ports::Unit;

/// Which shard of which catalog a database is; from then on its slots are as its own rows say.
constexpr const char* identity_name = "shard_identity";

Error with_name(const Database& database, Error error) {
  if (error.message.find(database.dsn) == std::string::npos)
    error.message = database.dsn + ": " + error.message;
  return error;
}

/// What the database itself says of whose shard it is.
struct Found {
  std::optional<std::string> identity;
  std::int64_t users = 0;
};

Result<Found> look_at(Database& database) {
  Found found;
  const Status done = database.store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(found.identity, unit.meta().get(identity_name));
    MUSTER_TRY(found.users, unit.users().count());
    return {};
  });
  if (!done) return fail(with_name(database, done.error()));
  return found;
}

/// True: it is the one of that identity. Error: conflict (it can be no shard of this catalog).
Result<bool> check_identity(Database& database, const std::string& identity) {
  MUSTER_TRY(const Found found, look_at(database));
  if (found.identity == identity) return true;
  if (found.identity)
    return fail(ErrorCode::conflict, database.dsn + ": is a shard of another catalog; name another database");
  if (found.users != 0 && database.id != catalog_id)
    return fail(ErrorCode::conflict,
                database.dsn + ": has users of its own; a shard is to be empty when it is added");
  return false;
}

Status give_slots(Database& database, const std::string& identity, const model::SlotMap& map) {
  return database.store->write([&](Unit& unit) -> Status {
    const auto& owners = map.owners;
    for (std::uint32_t first = 0, next = 0; first < model::slot_count; first = next) {
      while (next < model::slot_count && owners[next] == owners[first]) ++next;
      const bool owned = owners[first].shard == database.id;
      MUSTER_CHECK_OK(unit.slots().set_owner(first, next - 1, owned, owned ? owners[first].epoch : 0));
    }
    return unit.meta().put(identity_name, identity);
  });
}

Error lost(const Database& database) {
  return Error{ErrorCode::conflict,
               database.dsn +
                   ": is not the shard that it was, and its users are not there; name the right "
                   "database, or restore it",
               {},
               {},
               {}};
}

/// In the catalog: that the shard has had its slots, so that an empty database is not taken for it.
std::string settled_name(model::ShardId id) {
  return "shard_settled:" + std::to_string(id.value);
}

/// Gives a database that was nobody's its identity and the slots that the map has for it, once.
Status settle(Database& catalog, Database& database, const std::string& identity, const model::SlotMap& map) {
  MUSTER_TRY(const bool is_settled, check_identity(database, identity));
  std::optional<std::string> was_settled;
  Status looked = catalog.store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(was_settled, unit.meta().get(settled_name(database.id)));
    return {};
  });
  if (!looked) return looked;
  if (!is_settled && was_settled) return fail(lost(database));
  if (!is_settled) MUSTER_CHECK_OK(give_slots(database, identity, map));
  if (was_settled) return {};
  return catalog.store->write([&](Unit& unit) { return unit.meta().put(settled_name(database.id), "1"); });
}

model::SlotMap map_of_one() {
  return {0, std::vector<model::SlotOwner>(model::slot_count, model::SlotOwner{catalog_id, 1})};
}

}  // namespace

Result<std::unique_ptr<Shards>> Shards::open(ShardedOptions options) {
  std::unique_ptr<Shards> shards(new Shards(std::move(options)));
  MUSTER_CHECK_OK(shards->start());
  return shards;
}

std::string Shards::new_identity() const {
  constexpr std::size_t size_bytes = 16;
  return hex_encode(options_.surroundings->entropy.bytes(size_bytes));
}

std::shared_ptr<const Layout> Shards::now() const {
  const std::lock_guard lock(mutex_);
  return layout_;
}

Result<std::shared_ptr<Database>> Shards::open_database(model::ShardId id, const std::string& dsn) {
  auto database = std::make_shared<Database>();
  database->id = id;
  database->dsn = dsn;
  // Until the map is known: a catalog that is alone owns everything, a shard nothing.
  database->epochs = std::make_shared<ports::SlotNumbers>(id == catalog_id ? 1 : 0);
  MUSTER_TRY(database->store, open_store(dsn, database->epochs));
  return database;
}

Result<std::unique_ptr<ports::Store>> Shards::open_store(const std::string& dsn,
                                                         std::shared_ptr<const ports::SlotNumbers> epochs) {
  MUSTER_TRY(auto store, options_.open(dsn, std::move(epochs)));
  // One that is alone has nobody to hold up.
  if (options_.shard_dsns.empty()) return store;
  return std::make_unique<WatchedStore>(std::move(store));
}

Result<std::shared_ptr<Database>> Shards::open_shard(const ports::ShardRow& row) {
  MUSTER_TRY(auto database, open_database(row.id, row.dsn));
  MUSTER_TRY([[maybe_unused]] const bool is_settled, check_identity(*database, row.identity));
  return database;
}

std::shared_ptr<Database> Shards::late_shard(const ports::ShardRow& row, const Error& reason) {
  auto database = std::make_shared<Database>();
  database->id = row.id;
  database->dsn = row.dsn;
  database->epochs = std::make_shared<ports::SlotNumbers>(0);
  auto late = std::make_unique<LateStore>(
      [this, row, epochs = database->epochs]() -> Result<std::unique_ptr<ports::Store>> {
        Database opened;
        opened.id = row.id;
        opened.dsn = row.dsn;
        MUSTER_TRY(opened.store, open_store(row.dsn, epochs));
        MUSTER_TRY(const bool is_settled, check_identity(opened, row.identity));
        if (!is_settled) return fail(lost(opened));
        log::info("shard {} is open now", row.id.value);
        return std::move(opened.store);
      },
      reason);
  database->late = late.get();
  database->store = std::move(late);
  return database;
}

Result<std::vector<std::shared_ptr<Database>>> Shards::open_all(const std::vector<ports::ShardRow>& rows,
                                                                Lateness may_be_late) {
  constexpr std::size_t at_once_max = 8;
  std::vector<Result<std::shared_ptr<Database>>> opened(rows.size());
  fan_out(rows.size(), at_once_max, [&](std::size_t i) {
    opened[i] = open_shard(rows[i]);
    if (opened[i] || may_be_late == Lateness::refused || opened[i].error().code != ErrorCode::unavailable)
      return;
    log::error("shard {} is left out until it can be opened: {} {}", rows[i].id.value,
               opened[i].error().message, opened[i].error().detail);
    opened[i] = late_shard(rows[i], opened[i].error());
  });
  std::vector<std::shared_ptr<Database>> databases;
  for (auto& each : opened) {
    if (!each) return fail(each.error());
    databases.push_back(std::move(*each));
  }
  return databases;
}

void Shards::publish(std::vector<std::shared_ptr<Database>> databases, model::SlotMap map) {
  auto layout = std::make_shared<Layout>();
  layout->surroundings = options_.surroundings;
  layout->databases = std::move(databases);
  layout->map = std::move(map);
  layout->database_of_slot.resize(model::slot_count);
  for (std::uint32_t slot = 0; slot < model::slot_count; ++slot) {
    const model::SlotOwner& owner = layout->map.owners[slot];
    for (std::size_t i = 0; i < layout->databases.size(); ++i) {
      Database& database = *layout->databases[i];
      const bool owned = database.id == owner.shard;
      if (owned) layout->database_of_slot[slot] = static_cast<std::uint16_t>(i);
      database.epochs->set(slot, owned ? owner.epoch : 0);
    }
  }
  const std::lock_guard lock(mutex_);
  layout_ = std::move(layout);
}

/// The shard among `rows` that a DSN of the configuration means: the one of the same endpoint and name, whose
/// options may have changed, or the one that is found there, and was moved. Null: a new one.
Result<ports::ShardRow*> Shards::find_meant(const std::string& dsn, std::vector<ports::ShardRow>& rows) {
  const auto place_of = [](const std::string& text) { return text.substr(0, text.find('?')); };
  for (ports::ShardRow& row : rows)
    if (place_of(row.dsn) == place_of(dsn)) return &row;
  if (rows.empty()) return nullptr;
  MUSTER_TRY(const auto database, open_database({}, dsn));
  MUSTER_TRY(const Found found, look_at(*database));
  for (ports::ShardRow& row : rows)
    if (found.identity == row.identity) return &row;
  return nullptr;
}

Result<std::vector<ports::ShardRow>> Shards::match(const std::vector<std::string>& dsns,
                                                   std::vector<ports::ShardRow>& rows) {
  std::vector<ports::ShardRow> changed;
  for (const std::string& dsn : dsns) {
    const auto has_dsn = [&](const ports::ShardRow& row) { return row.dsn == dsn; };
    if (std::any_of(rows.begin(), rows.end(), has_dsn)) continue;
    MUSTER_TRY(ports::ShardRow* const meant, find_meant(dsn, rows));
    if (meant != nullptr) {
      log::info("shard {} is {} now", meant->id.value, dsn);
      meant->dsn = dsn;
      changed.push_back(*meant);
      continue;
    }
    ports::ShardRow row;
    row.id.value = rows.empty() ? 1 : rows.back().id.value + 1;
    row.dsn = dsn;
    row.identity = new_identity();
    row.added_at = options_.surroundings->now();
    rows.push_back(row);
    changed.push_back(row);
  }
  return changed;
}

Status Shards::start() {
  MUSTER_TRY(auto catalog, open_database(catalog_id, options_.catalog_dsn));
  std::vector<ports::ShardRow> rows;
  model::SlotMap map;
  MUSTER_CHECK_OK(catalog->store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(rows, unit.slots().shards());
    MUSTER_TRY(map, unit.slots().map());
    return {};
  }));
  std::vector<std::string> dsns = options_.shard_dsns;
  const bool catalog_is_shard = std::erase(dsns, options_.catalog_dsn) != 0;
  if (rows.empty() && dsns.empty()) {
    publish({std::move(catalog)}, map_of_one());
    return {};
  }
  MUSTER_TRY(const Found found, look_at(*catalog));
  const std::size_t known = rows.size();
  MUSTER_TRY(const auto changed, match(dsns, rows));
  // While the map is being made, or a shard is new, all of them have to be there.
  const bool is_settled = !map.owners.empty() && rows.size() == known;
  MUSTER_TRY(auto databases, open_all(rows, is_settled ? Lateness::allowed : Lateness::refused));
  databases.insert(databases.begin(), catalog);
  // The first map is the decision who has which slot; until each database has its own, nobody writes.
  const bool is_first = map.owners.empty();
  if (is_first) {
    std::vector<model::ShardId> ids;
    if (catalog_is_shard) ids.push_back(catalog_id);
    for (const ports::ShardRow& row : rows) ids.push_back(row.id);
    if (found.users != 0) ids = {catalog_id};
    MUSTER_TRY(map, model::even_map(ids));
  }
  const auto keep = [&](Unit& unit) -> Status {
    for (const ports::ShardRow& row : changed) MUSTER_CHECK_OK(unit.slots().put_shard(row));
    if (is_first) MUSTER_CHECK_OK(unit.slots().put_map(map));
    return {};
  };
  MUSTER_CHECK_OK(catalog->store->write(keep));
  MUSTER_CHECK_OK(settle(*catalog, *catalog, "catalog", map));
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (databases[i + 1]->late == nullptr)
      MUSTER_CHECK_OK(settle(*catalog, *databases[i + 1], rows[i].identity, map));
  publish(std::move(databases), std::move(map));
  return {};
}

Status Shards::refresh() {
  const std::lock_guard changing(changing_);
  const auto layout = now();
  model::SlotMap map;
  std::vector<ports::ShardRow> rows;
  MUSTER_CHECK_OK(layout->catalog().store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(map, unit.slots().map());
    MUSTER_TRY(rows, unit.slots().shards());
    return {};
  }));
  if (map.owners.empty()) return {};
  std::vector<std::shared_ptr<Database>> databases = layout->databases;
  for (const ports::ShardRow& row : rows) {
    const auto has_id = [&](const std::shared_ptr<Database>& each) { return each->id == row.id; };
    if (std::any_of(databases.begin(), databases.end(), has_id)) continue;
    MUSTER_TRY(auto database, open_shard(row));
    databases.push_back(std::move(database));
  }
  publish(std::move(databases), std::move(map));
  return {};
}

Result<NewShard> Shards::prepare_to_add(const std::string& dsn) {
  const auto layout = now();
  for (const auto& each : layout->databases)
    if (each->dsn == dsn) return fail(ErrorCode::already_exists, dsn + ": is a shard already");
  NewShard added;
  added.row.id.value = layout->databases.back()->id.value + 1;
  added.row.dsn = dsn;
  added.row.identity = new_identity();
  added.row.added_at = options_.surroundings->now();
  MUSTER_TRY(added.database, open_database(added.row.id, dsn));
  MUSTER_TRY([[maybe_unused]] const bool is_settled, check_identity(*added.database, added.row.identity));
  return added;
}

Status Shards::record(Unit& unit, NewShard& added) {
  MUSTER_TRY(const auto rows, unit.slots().shards());
  added.row.id.value = rows.empty() ? 1 : rows.back().id.value + 1;
  added.database->id = added.row.id;
  MUSTER_CHECK_OK(unit.slots().put_shard(added.row));
  MUSTER_TRY(const model::SlotMap stored, unit.slots().map());
  if (!stored.owners.empty()) return {};
  model::SlotMap first = now()->map;
  return unit.slots().put_map(first);
}

Status Shards::finish(const NewShard& added) {
  const std::lock_guard changing(changing_);
  const auto layout = now();
  model::SlotMap map;
  MUSTER_CHECK_OK(layout->catalog().store->read([&](Unit& unit) -> Status {
    MUSTER_TRY(map, unit.slots().map());
    return {};
  }));
  MUSTER_CHECK_OK(settle(layout->catalog(), layout->catalog(), "catalog", map));
  MUSTER_CHECK_OK(settle(layout->catalog(), *added.database, added.row.identity, map));
  auto databases = layout->databases;
  databases.push_back(added.database);
  publish(std::move(databases), std::move(map));
  return {};
}

Result<model::ShardId> Shards::add(const std::string& dsn) {
  MUSTER_TRY(NewShard added, prepare_to_add(dsn));
  MUSTER_CHECK_OK(now()->catalog().store->write([&](Unit& unit) { return record(unit, added); }));
  MUSTER_CHECK_OK(finish(added));
  return added.row.id;
}

}  // namespace muster::sharded
