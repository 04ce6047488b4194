// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/security_store.hpp"
#include "base/encoding.hpp"

#include <algorithm>

#include <sodium.h>

namespace muster::sql {
namespace {

// How long after its own time a record may have been appended and still be found by `until`.
constexpr std::chrono::hours append_delay_max{1};

std::optional<JsonValue> read_json(Query& query) {
  auto text = query.get_optional_bytes();
  if (!text) return std::nullopt;
  return JsonValue{std::move(*text)};
}

struct Row {
  model::AuditRecord record;
  Time time_high;
};

Row read_row(Query& query) {
  Row row;
  model::AuditRecord& record = row.record;
  record.seq = query.get_integer();
  record.time = query.get_time();
  record.actor = query.get_bytes();
  record.source = query.get_bytes();
  record.operation = query.get_bytes();
  record.target = query.get_bytes();
  record.outcome = query.get_bytes();
  record.trace_id = query.get_bytes();
  record.before = read_json(query);
  record.after = read_json(query);
  record.hash = hex_encode(query.get_bytes());
  row.time_high = query.get_time();
  return row;
}

bool matches(const model::AuditRecord& record, const ports::AuditFilter& filter) {
  return (!filter.actor || record.actor == *filter.actor) &&
         (!filter.operation || record.operation == *filter.operation) &&
         (!filter.target || record.target == *filter.target) &&
         (!filter.since || record.time >= *filter.since) && (!filter.until || record.time <= *filter.until);
}

}  // namespace

std::string audit_chain_hash(std::string_view previous_hash, const model::AuditRecord& record) {
  std::string bytes(previous_hash);
  bytes += record.canonical_bytes();
  std::string out(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(out.data()),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  return out;
}

Status SqlAuditLog::append(model::AuditRecord& record) {
  MUSTER_TRY(AuditHead head, ledger_.audit_head());
  record.seq = head.seq + 1;
  const std::string hash = audit_chain_hash(head.hash, record);
  record.hash = hex_encode(hash);
  const std::int64_t time_high = std::max(head.time_high_microseconds, to_microseconds(record.time));
  Query insert(connection_, Sql::audit_insert);
  insert.integer(record.seq).time(record.time).text(record.actor).text(record.source).text(record.operation);
  insert.text(record.target).text(record.outcome).text(record.trace_id);
  for (const auto* value : {&record.before, &record.after})
    if (*value)
      insert.text((*value)->text);
    else
      insert.null();
  MUSTER_CHECK_OK(insert.blob(hash).integer(time_high).run());
  ledger_.set_audit_head({record.seq, hash, time_high});
  return {};
}

Result<std::int64_t> SqlAuditLog::last_seq_before(Time since, std::int64_t after) {
  // time_high never falls along the chain, so the first record that may be of the time is found by halving.
  MUSTER_TRY(const AuditHead head, ledger_.audit_head());
  std::int64_t low = after;
  std::int64_t high = head.seq;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2 + 1;
    Query query(connection_, Sql::audit_time_high);
    query.integer(middle);
    MUSTER_TRY(const bool found, query.next());
    if (found && query.get_time() < since)
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}

Result<std::vector<model::AuditRecord>> SqlAuditLog::list(const ports::AuditFilter& filter,
                                                          std::int64_t after, std::size_t limit) {
  std::vector<model::AuditRecord> records;
  if (limit == 0) return records;
  if (filter.since) {
    MUSTER_TRY(after, last_seq_before(*filter.since, after));
  }
  // The most telling condition leads the search; matches() sees to the others.
  const Sql name = filter.target      ? Sql::audit_list_target
                   : filter.actor     ? Sql::audit_list_actor
                   : filter.operation ? Sql::audit_list_operation
                                      : Sql::audit_list;
  Query query(connection_, name);
  if (filter.target)
    query.text(*filter.target);
  else if (filter.actor)
    query.text(*filter.actor);
  else if (filter.operation)
    query.text(*filter.operation);
  query.integer(after);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return records;
    Row row = read_row(query);
    if (filter.until && row.time_high > *filter.until + append_delay_max) return records;
    if (!matches(row.record, filter)) continue;
    records.push_back(std::move(row.record));
    if (records.size() == limit) return records;
  }
}

Result<std::pair<std::int64_t, std::string>> SqlAuditLog::head() {
  MUSTER_TRY(const AuditHead head, ledger_.audit_head());
  return std::pair(head.seq, hex_encode(head.hash));
}

std::string SqlAuditLog::chain_hash(const std::string& previous_hash,
                                    const model::AuditRecord& record) const {
  return hex_encode(audit_chain_hash(hex_decode(previous_hash).value_or(std::string()), record));
}

}  // namespace muster::sql
