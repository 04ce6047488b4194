// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/node_store.hpp"

#include <algorithm>
#include <sstream>

namespace muster::sql {
namespace {

/// No address has a line break.
std::string text_of(const std::vector<std::string>& addresses) {
  std::string text;
  for (const std::string& each : addresses) text += each + "\n";
  return text;
}

std::vector<std::string> addresses_of(const std::string& text) {
  std::vector<std::string> addresses;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) addresses.push_back(line);
  return addresses;
}

}  // namespace

Result<ports::NewsHead> SqlNewsStore::head() {
  ports::NewsHead head;
  Query query(connection_, Sql::news_head);
  query.text("roles").text("awaited").text("revocation_epoch");
  MUSTER_TRY(const bool found, query.next());
  if (!found) return head;
  head.epoch = query.get_integer();
  head.roles = query.get_integer();
  head.awaited = query.get_integer();
  head.seq = query.get_integer();
  return head;
}

Result<std::vector<ports::NewsEntry>> SqlNewsStore::list(std::int64_t after, std::size_t limit) {
  std::vector<ports::NewsEntry> entries;
  Query query(connection_, Sql::news_list);
  query.integer(after).integer(static_cast<std::int64_t>(limit));
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) return entries;
    ports::NewsEntry entry;
    entry.seq = query.get_integer();
    entry.operation = query.get_bytes();
    entry.target = query.get_bytes();
    entries.push_back(std::move(entry));
  }
}

Result<Time> SqlNodeStore::now() {
  return connection_.now();
}

Result<std::vector<ports::NodeRecord>> SqlNodeStore::list() {
  std::vector<ports::NodeRecord> nodes;
  Query query(connection_, Sql::node_all);
  for (;;) {
    MUSTER_TRY(const bool found, query.next());
    if (!found) break;
    ports::NodeRecord node;
    node.id = query.get_bytes();
    node.name = query.get_bytes();
    node.version = query.get_bytes();
    node.addresses = addresses_of(query.get_bytes());
    node.started_at = query.get_time();
    node.beat_at = query.get_time();
    node.max_staleness = Duration{query.get_integer()};
    node.epoch = query.get_integer();
    node.seq = query.get_integer();
    node.draining = query.get_integer() != 0;
    nodes.push_back(std::move(node));
  }
  // They are few; no index is kept for it.
  std::stable_sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return nodes;
}

Status SqlNodeStore::put(const ports::NodeRecord& node) {
  Query query(connection_, Sql::node_put);
  query.text(node.id).text(node.name).text(node.version).text(text_of(node.addresses));
  query.time(node.started_at).time(node.beat_at).integer(node.max_staleness.count());
  return run(query.integer(node.epoch).integer(node.seq).integer(node.draining ? 1 : 0));
}

Result<bool> SqlNodeStore::beat(const ports::NodeRecord& node) {
  Query query(connection_, Sql::node_beat);
  query.time(node.beat_at).text(text_of(node.addresses)).integer(node.epoch).integer(node.seq).text(node.id);
  MUSTER_TRY(const std::int64_t changed, query.run());
  return changed != 0;
}

Result<bool> SqlNodeStore::set_draining(const std::string& id, ports::Draining draining) {
  Query query(connection_, Sql::node_drain);
  query.integer(draining == ports::Draining::yes ? 1 : 0).text(id);
  MUSTER_TRY(const std::int64_t changed, query.run());
  return changed != 0;
}

Result<bool> SqlNodeStore::remove(const std::string& id) {
  Query query(connection_, Sql::node_delete);
  MUSTER_TRY(const std::int64_t changed, query.text(id).run());
  return changed != 0;
}

Status SqlNodeStore::await() {
  MUSTER_CHECK_OK(connection_.add_to_counter("awaited", 1));
  return {};
}

}  // namespace muster::sql
