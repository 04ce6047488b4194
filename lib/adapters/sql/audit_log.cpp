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

/// The next records after `after` that fulfil the most telling condition of the filter; matches() sees to the
/// others.
Result<std::vector<Row>> search(Connection& connection, const ports::AuditFilter& filter, std::int64_t after,
                                std::size_t limit) {
  const std::string* value = filter.target      ? &*filter.target
                             : filter.actor     ? &*filter.actor
                             : filter.operation ? &*filter.operation
                                                : nullptr;
  Query query(connection, filter.target      ? Sql::audit_list_target
                          : filter.actor     ? Sql::audit_list_actor
                          : filter.operation ? Sql::audit_list_operation
                                             : Sql::audit_list);
  if (value != nullptr) query.text(*value);
  query.integer(after).integer(static_cast<std::int64_t>(limit));
  std::vector<Row> rows;
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return rows;
    rows.push_back(read_row(query));
  }
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
  MUSTER_TRY(const AuditHead head, ledger_.lock_audit_head());
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
  // Where much of what the search finds is not of the filter, more is fetched at a time.
  constexpr std::size_t found_at_a_time = 256;
  std::size_t wanted = limit;
  for (;;) {
    MUSTER_TRY(const std::vector<Row> rows, search(connection_, filter, after, wanted));
    for (const Row& row : rows) {
      if (filter.until && row.time_high > *filter.until + append_delay_max) return records;
      after = row.record.seq;
      if (!matches(row.record, filter)) continue;
      records.push_back(row.record);
      if (records.size() == limit) return records;
    }
    if (rows.size() < wanted) return records;
    wanted = std::max(limit, found_at_a_time);
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
