// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/slot_store.hpp"

#include "adapters/sql/several.hpp"
#include "model/slot.hpp"

#include <charconv>
#include <limits>

#include <sodium.h>

namespace muster::sql {
namespace {

constexpr const char* map_counter = "slot_map";
constexpr std::string_view owned_state = "OWNED";
constexpr std::string_view not_owned_state = "NONE";

ports::Name read_name(Query& query) {
  ports::Name name;
  name.kind = static_cast<model::NameKind>(query.get_integer());
  name.value = query.get_bytes();
  return name;
}

model::NameRow read_name_row(Query& query) {
  model::NameRow row;
  row.user.value = query.get_integer();
  row.claim.value = query.get_integer();
  row.pending_until = query.get_optional_time();
  return row;
}

Status read_named_rows(Query& query, std::vector<ports::NamedRow>& rows) {
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return {};
    ports::Name name = read_name(query);
    rows.push_back({std::move(name), read_name_row(query)});
  }
}

/// Each value behind its length and a colon.
std::string text_of(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& each : values) text += std::to_string(each.size()) + ":" + each;
  return text;
}

std::vector<ports::Name> names_in(model::NameKind kind, std::string_view text) {
  std::vector<ports::Name> names;
  while (!text.empty()) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{}) break;
    text.remove_prefix(std::min(text.size(), static_cast<std::size_t>(end - text.data()) + 1));
    names.push_back({kind, std::string(text.substr(0, size))});
    text.remove_prefix(std::min(text.size(), size));
  }
  return names;
}

std::vector<ports::Name> read_names(Query& query) {
  std::vector<ports::Name> names{{model::NameKind::username, query.get_bytes()}};
  for (const model::NameKind kind : {model::NameKind::email, model::NameKind::phone})
    if (auto value = query.get_optional_bytes()) names.push_back({kind, std::move(*value)});
  return names;
}

}  // namespace

Result<std::optional<model::NameRow>> SqlSlotStore::name(const ports::Name& name) {
  Query query(connection_, Sql::name_row);
  query.integer(static_cast<std::int64_t>(name.kind)).text(name.value);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<model::NameRow>{};
  return std::optional(read_name_row(query));
}

Result<std::map<ports::Name, model::NameRow>> SqlSlotStore::names_of(const std::vector<ports::Name>& names) {
  std::map<model::NameKind, std::vector<std::string>> by_kind;
  for (const ports::Name& each : names) by_kind[each.kind].push_back(each.value);
  std::map<ports::Name, model::NameRow> rows;
  for (const auto& [kind, values] : by_kind) {
    const auto begin = [of = kind](Query& query) { query.integer(static_cast<std::int64_t>(of)); };
    const auto bind = [](Query& query, const std::string& value) { query.text(value); };
    const auto take = [&rows, of = kind](Query& row) {
      ports::Name name{of, row.get_bytes()};
      rows[std::move(name)] = read_name_row(row);
    };
    MUSTER_CHECK_OK(ask_for_several(connection_, Sql::name_rows, std::span<const std::string>(values), begin,
                                    bind, take));
  }
  return rows;
}

Status SqlSlotStore::write_names(Sql statement, const std::vector<ports::NamedRow>& rows) {
  std::vector<SlotUse> uses;
  uses.reserve(rows.size());
  for (const ports::NamedRow& each : rows)
    uses.push_back({model::slot_of_name(each.name.kind, each.name.value), each.row.user});
  MUSTER_CHECK_OK(ledger_.touch_all(uses));
  MUSTER_CHECK_OK(
      insert_several(connection_, statement, std::span<const ports::NamedRow>(rows),
                     [&](Query& query, const ports::NamedRow& each) {
                       query.integer(static_cast<std::int64_t>(each.name.kind)).text(each.name.value);
                       query.integer(each.row.user.value).integer(each.row.claim.value);
                       if (statement == Sql::name_put) query.time(each.row.pending_until);
                     }));
  for (const SlotUse& each : uses) MUSTER_CHECK_OK(ledger_.log(each.slot, each.user, Change::name));
  return {};
}

Status SqlSlotStore::put_names(const std::vector<ports::NamedRow>& rows) {
  return write_names(Sql::name_put, rows);
}

Status SqlSlotStore::insert_names(const std::vector<ports::NamedRow>& rows) {
  return write_names(Sql::name_insert, rows);
}

Status SqlSlotStore::activate_names(const std::vector<ports::NameOfUser>& names) {
  std::vector<SlotUse> uses;
  std::map<model::NameKind, std::vector<std::string>> by_kind;
  for (const ports::NameOfUser& each : names) {
    uses.push_back({model::slot_of_name(each.name.kind, each.name.value), each.user});
    by_kind[each.name.kind].push_back(each.name.value);
  }
  MUSTER_CHECK_OK(ledger_.touch_all(uses));
  for (const auto& [kind, values] : by_kind) {
    const auto begin = [of = kind](Query& query) { query.integer(static_cast<std::int64_t>(of)); };
    const auto bind = [](Query& query, const std::string& value) { query.text(value); };
    MUSTER_CHECK_OK(
        change_several(connection_, Sql::name_activate, std::span<const std::string>(values), begin, bind));
  }
  for (const SlotUse& each : uses) MUSTER_CHECK_OK(ledger_.log(each.slot, each.user, Change::name));
  return {};
}

Status SqlSlotStore::remove_name(const ports::Name& name, UserId user) {
  const std::uint32_t slot = model::slot_of_name(name.kind, name.value);
  MUSTER_CHECK_OK(ledger_.touch_slot(slot, user));
  Query query(connection_, Sql::name_delete);
  MUSTER_CHECK_OK(query.integer(static_cast<std::int64_t>(name.kind)).text(name.value).run());
  return ledger_.log(slot, user, Change::name);
}

Status SqlSlotStore::put_batches(const std::vector<ports::NameBatch>& batches) {
  return insert_several(connection_, Sql::batch_put, std::span<const ports::NameBatch>(batches),
                        [](Query& query, const ports::NameBatch& each) {
                          query.integer(each.claim.value).integer(static_cast<std::int64_t>(each.kind));
                          query.time(each.pending_until).blob(text_of(each.values));
                        });
}

Result<std::int64_t> SqlSlotStore::remove_batches(const std::vector<model::ClaimId>& claims) {
  return change_several(
      connection_, Sql::batch_delete, std::span<const model::ClaimId>(claims), [](Query&) {},
      [](Query& query, model::ClaimId claim) { query.integer(claim.value); });
}

Result<std::set<model::ClaimId>> SqlSlotStore::close_batches(const std::vector<model::ClaimId>& claims) {
  MUSTER_CHECK_OK(connection_.savepoint());
  MUSTER_TRY(const std::int64_t removed, remove_batches(claims));
  if (static_cast<std::size_t>(removed) == claims.size()) {
    MUSTER_CHECK_OK(connection_.release());
    return std::set<model::ClaimId>(claims.begin(), claims.end());
  }
  // Which of them it was is known only one by one.
  MUSTER_CHECK_OK(connection_.undo());
  std::set<model::ClaimId> closed;
  for (const model::ClaimId each : claims) {
    MUSTER_TRY(const std::int64_t was_there, remove_batches({each}));
    if (was_there > 0) closed.insert(each);
  }
  return closed;
}

Status SqlSlotStore::expand_batch(model::ClaimId claim) {
  std::vector<ports::Name> names;
  Time pending_until;
  {
    Query query(connection_, Sql::batch_find);
    query.integer(claim.value);
    MUSTER_TRY(const bool found, query.next());
    if (!found) return {};
    const auto kind = static_cast<model::NameKind>(query.get_integer());
    pending_until = query.get_time();
    names = names_in(kind, query.get_bytes());
  }
  MUSTER_TRY(const auto rows, names_of(names));
  std::vector<ports::NamedRow> pending;
  for (const auto& [name, row] : rows)
    if (row.claim == claim) pending.push_back({name, {row.user, claim, pending_until}});
  if (!pending.empty()) MUSTER_CHECK_OK(put_names(pending));
  MUSTER_CHECK_OK(remove_batches({claim}));
  return {};
}

Result<std::vector<model::ClaimId>> SqlSlotStore::due_batches(Time before, std::size_t limit) {
  std::vector<model::ClaimId> claims;
  Query query(connection_, Sql::batch_due);
  query.time(before).integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return claims;
    claims.push_back({query.get_integer()});
  }
}

Result<std::vector<ports::NamedRow>> SqlSlotStore::pending_names(Time before, std::size_t limit) {
  std::vector<ports::NamedRow> rows;
  Query query(connection_, Sql::name_pending);
  query.time(before).integer(static_cast<std::int64_t>(limit));
  MUSTER_CHECK_OK(read_named_rows(query, rows));
  return rows;
}

Result<std::vector<ports::NamedRow>> SqlSlotStore::names(const std::optional<ports::Name>& after,
                                                         std::size_t limit) {
  std::vector<ports::NamedRow> rows;
  const auto first = static_cast<std::int64_t>(after ? after->kind : model::NameKind::username);
  for (std::int64_t kind = first; kind <= static_cast<std::int64_t>(model::NameKind::phone); ++kind) {
    if (rows.size() == limit) break;
    Query query(connection_, Sql::name_page);
    query.integer(kind).text(after && kind == first ? std::string(after->value) : std::string());
    query.integer(static_cast<std::int64_t>(limit - rows.size()));
    MUSTER_CHECK_OK(read_named_rows(query, rows));
  }
  return rows;
}

Result<std::optional<ports::NamedUser>> SqlSlotStore::named_user(UserId user) {
  Query query(connection_, Sql::user_names_of);
  query.integer(user.value);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<ports::NamedUser>{};
  ports::NamedUser named{user, 0, read_names(query)};
  [[maybe_unused]] const Time created_at = query.get_time();
  named.version = query.get_integer();
  return std::optional(std::move(named));
}

Result<std::vector<ports::NamedUser>> SqlSlotStore::named_users(UserId after, std::size_t limit) {
  std::vector<ports::NamedUser> users;
  Query query(connection_, Sql::user_named_page);
  query.integer(after.value).integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return users;
    ports::NamedUser named{UserId{}, 0, read_names(query)};
    named.user.value = query.get_integer();
    named.version = query.get_integer();
    users.push_back(std::move(named));
  }
}

Status SqlSlotStore::hold(UserId user) {
  MUSTER_CHECK_OK(ledger_.touch(user));
  return {};
}

Result<std::optional<model::Guard>> SqlSlotStore::guard(UserId user, model::ClaimId claim) {
  Query query(connection_, Sql::guard_find);
  query.integer(user.value).integer(claim.value);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return std::optional<model::Guard>{};
  return std::optional(static_cast<model::Guard>(query.get_integer()));
}

Result<std::vector<ports::StoredGuard>> SqlSlotStore::guards_of(const std::vector<UserId>& users) {
  std::vector<ports::StoredGuard> guards;
  const auto take = [&](Query& row) {
    ports::StoredGuard guard{};
    guard.user.value = row.get_integer();
    guard.claim.value = row.get_integer();
    guard.name = read_name(row);
    guard.guard = static_cast<model::Guard>(row.get_integer());
    guards.push_back(std::move(guard));
  };
  MUSTER_CHECK_OK(ask_for_several(
      connection_, Sql::guard_of_users, std::span<const UserId>(users), [](Query&) {},
      [](Query& query, UserId user) { query.integer(user.value); }, take));
  return guards;
}

Status SqlSlotStore::touch_guards(const std::vector<ports::StoredGuard>& guards) {
  std::vector<SlotUse> uses;
  uses.reserve(guards.size());
  for (const ports::StoredGuard& each : guards) uses.push_back({model::slot_of(each.user), each.user});
  MUSTER_CHECK_OK(ledger_.touch_all(uses));
  for (const SlotUse& each : uses) MUSTER_CHECK_OK(ledger_.log(each.slot, each.user, Change::guard));
  return {};
}

Status SqlSlotStore::put_guards(const std::vector<ports::StoredGuard>& guards) {
  MUSTER_CHECK_OK(touch_guards(guards));
  return insert_several(connection_, Sql::guard_put, std::span<const ports::StoredGuard>(guards),
                        [](Query& query, const ports::StoredGuard& each) {
                          query.integer(each.user.value).integer(each.claim.value);
                          query.integer(static_cast<std::int64_t>(each.name.kind)).text(each.name.value);
                          query.integer(static_cast<std::int64_t>(each.guard));
                        });
}

Status SqlSlotStore::remove_guards(const std::vector<ports::StoredGuard>& guards) {
  MUSTER_CHECK_OK(touch_guards(guards));
  MUSTER_CHECK_OK(change_several(
      connection_, Sql::guard_delete, std::span<const ports::StoredGuard>(guards), [](Query&) {},
      [](Query& query, const ports::StoredGuard& each) {
        query.integer(each.user.value).integer(each.claim.value);
      }));
  return {};
}

Result<std::vector<ports::StoredGuard>> SqlSlotStore::guards(model::Guard state, UserId after_user,
                                                             model::ClaimId after_claim, std::size_t limit) {
  std::vector<ports::StoredGuard> guards;
  Query query(connection_, Sql::guard_page);
  query.integer(static_cast<std::int64_t>(state)).integer(after_user.value).integer(after_user.value);
  query.integer(after_claim.value).integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return guards;
    ports::StoredGuard guard{};
    guard.user.value = query.get_integer();
    guard.claim.value = query.get_integer();
    guard.name = read_name(query);
    guard.guard = state;
    guards.push_back(std::move(guard));
  }
}

Status SqlSlotStore::post(const std::string& text) {
  std::int64_t token = 0;
  randombytes_buf(&token, sizeof token);
  Query query(connection_, Sql::outbox_insert);
  return run(query.integer(token).blob(text));
}

Result<std::vector<ports::Posted>> SqlSlotStore::posted(std::size_t limit) {
  std::vector<ports::Posted> out;
  Query query(connection_, Sql::outbox_page);
  query.integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return out;
    ports::Posted posted;
    posted.id = query.get_integer();
    posted.token = query.get_integer();
    posted.text = query.get_bytes();
    out.push_back(std::move(posted));
  }
}

Status SqlSlotStore::unpost(std::int64_t id) {
  Query query(connection_, Sql::outbox_delete);
  return run(query.integer(id));
}

Result<bool> SqlSlotStore::take(std::int64_t token) {
  {
    Query query(connection_, Sql::taken_find);
    query.integer(token);
    MUSTER_TRY(const bool found, query.next());
    if (found) return false;
  }
  Query query(connection_, Sql::taken_insert);
  MUSTER_CHECK_OK(query.integer(token).run());
  return true;
}

Status SqlSlotStore::forget_taken(std::int64_t token) {
  Query query(connection_, Sql::taken_delete);
  return run(query.integer(token));
}

Result<std::vector<std::int64_t>> SqlSlotStore::taken(std::size_t limit) {
  std::vector<std::int64_t> tokens;
  Query query(connection_, Sql::taken_page);
  query.integer(std::numeric_limits<std::int64_t>::min()).integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return tokens;
    tokens.push_back(query.get_integer());
  }
}

Result<std::vector<ports::SlotRow>> SqlSlotStore::slots() {
  std::vector<ports::SlotRow> rows;
  rows.reserve(model::slot_count);
  Query query(connection_, Sql::slot_all);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return rows;
    ports::SlotRow row;
    row.slot = static_cast<std::uint32_t>(query.get_integer());
    row.epoch = query.get_integer();
    row.owned = query.get_bytes() == owned_state;
    row.seq = query.get_integer();
    row.users = query.get_integer();
    rows.push_back(row);
  }
}

Status SqlSlotStore::check_owned(std::uint32_t slot, std::int64_t epoch) {
  Query query(connection_, Sql::slot_find);
  query.integer(slot);
  MUSTER_TRY(const bool found, query.next());
  const bool is_at_epoch = found && query.get_integer() == epoch;
  if (is_at_epoch && query.get_bytes() == owned_state) return {};
  return fail(slot_not_owned(slot, epoch));
}

Result<std::int64_t> SqlSlotStore::seq_of(std::uint32_t slot) {
  Query query(connection_, Sql::slot_find);
  query.integer(slot);
  MUSTER_TRY(const bool found, query.next());
  if (!found) return 0;
  (void)query.get_integer();
  (void)query.get_bytes();
  return query.get_integer();
}

Result<std::int64_t> SqlSlotStore::changes() {
  Query query(connection_, Sql::slot_sum_seq);
  MUSTER_CHECK_OK(query.next());
  return query.get_integer();
}

Result<std::vector<ports::LoggedChange>> SqlSlotStore::log(std::int64_t after, std::size_t limit) {
  std::vector<ports::LoggedChange> entries;
  Query query(connection_, Sql::change_log_page);
  query.integer(after).integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return entries;
    ports::LoggedChange& entry = entries.emplace_back();
    entry.id = query.get_integer();
    entry.slot = static_cast<std::uint32_t>(query.get_integer());
    entry.seq = query.get_integer();
    entry.user.value = query.get_integer();
    const std::int64_t change = query.get_integer();
    entry.is_first = (change & first_of_unit) != 0;
    entry.is_of_user = (change & ~first_of_unit) == static_cast<std::int64_t>(Change::user);
  }
}

Result<std::int64_t> SqlSlotStore::end_of_log() {
  Query query(connection_, Sql::change_log_newest);
  MUSTER_CHECK_OK(query.next());
  return query.get_integer();
}

Status SqlSlotStore::set_owner(std::uint32_t first, std::uint32_t last, bool owned, std::int64_t epoch) {
  Query query(connection_, Sql::slot_set_owner);
  query.text(std::string(owned ? owned_state : not_owned_state)).integer(epoch);
  return run(query.integer(first).integer(last));
}

Result<std::vector<ports::ShardRow>> SqlSlotStore::shards() {
  std::vector<ports::ShardRow> rows;
  Query query(connection_, Sql::shard_all);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return rows;
    ports::ShardRow row;
    row.id.value = static_cast<std::uint32_t>(query.get_integer());
    row.dsn = query.get_bytes();
    row.identity = query.get_bytes();
    row.added_at = query.get_time();
    rows.push_back(std::move(row));
  }
}

Status SqlSlotStore::put_shard(const ports::ShardRow& shard) {
  Query query(connection_, Sql::shard_put);
  query.integer(shard.id.value).text(shard.dsn).text(shard.identity).time(shard.added_at);
  return run(query);
}

Result<model::SlotMap> SqlSlotStore::map() {
  model::SlotMap map;
  {
    Query query(connection_, Sql::counter_find);
    query.text(map_counter);
    MUSTER_TRY(const bool found, query.next());
    map.version = found ? query.get_integer() : 0;
  }
  Query query(connection_, Sql::slot_map_all);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return map;
    const auto slot = static_cast<std::size_t>(query.get_integer());
    if (slot != map.owners.size())
      return fail(ErrorCode::internal, "internal error",
                  "the map of slots has a gap before " + std::to_string(slot));
    model::SlotOwner owner;
    owner.shard.value = static_cast<std::uint32_t>(query.get_integer());
    owner.epoch = query.get_integer();
    map.owners.push_back(owner);
  }
}

Status SqlSlotStore::put_map(model::SlotMap& map) {
  MUSTER_TRY(map.version, connection_.add_to_counter(map_counter, 1));
  for (std::size_t slot = 0; slot < map.owners.size(); ++slot) {
    Query query(connection_, Sql::slot_map_put);
    query.integer(static_cast<std::int64_t>(slot)).integer(map.owners[slot].shard.value);
    MUSTER_CHECK_OK(query.integer(map.owners[slot].epoch).run());
  }
  return {};
}

}  // namespace muster::sql
