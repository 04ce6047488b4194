// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/servers.hpp"

#include "adapters/mysql/driver.hpp"

#include <algorithm>

namespace muster::mysql {
namespace {

/// The same for every database of a server.
Dsn server_of(const Endpoint& endpoint) {
  Dsn server = endpoint.dsn();
  server.database.clear();
  server.replicas.clear();
  server.password_file.clear();
  return server;
}

/// For reads that look something up in another database on their way.
std::size_t inner_of(std::size_t count) {
  return (count + 3) / 4;
}

}  // namespace

Servers::Sessions::Sessions(Dsn server, Secret password, ConnectionKind kind, std::size_t count)
    : endpoint(std::move(server), std::move(password), Writers::several),
      turns(std::make_shared<sql::Turns>(count + inner_of(count), inner_of(count))) {
  for (std::size_t i = 0; i < count + inner_of(count); ++i) sessions.emplace_back(endpoint, kind);
}

std::shared_ptr<Servers::Sessions> Servers::sessions_of(const Endpoint& endpoint, ConnectionKind kind,
                                                        std::size_t count) {
  Dsn server = server_of(endpoint);
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [](const Known& each) { return each.sessions.expired(); });
  for (const Known& each : known_)
    if (each.kind == kind && each.server == server && each.password == endpoint.password())
      if (auto sessions = each.sessions.lock()) return sessions;
  auto sessions = std::make_shared<Sessions>(server, endpoint.password(), kind, count);
  known_.push_back({std::move(server), endpoint.password(), kind, sessions});
  return sessions;
}

sql::Readers open_readers(Servers* servers, Endpoint& endpoint, ConnectionKind kind, std::size_t count,
                          std::chrono::milliseconds wait_max, sql::Health& health) {
  std::vector<std::unique_ptr<sql::TransactionalConnection>> connections;
  if (servers == nullptr || endpoint.has_several_hosts() || endpoint.is_cluster()) {
    for (std::size_t i = 0; i < count; ++i)
      connections.push_back(std::make_unique<MysqlConnection>(endpoint, kind));
    return sql::Readers(std::move(connections), wait_max, health);
  }
  const auto shared = servers->sessions_of(endpoint, kind, count);
  for (Session& each : shared->sessions)
    connections.push_back(
        std::make_unique<MysqlConnection>(endpoint, std::shared_ptr<Session>(shared, &each)));
  return sql::Readers(std::move(connections), wait_max, health, shared->turns);
}

}  // namespace muster::mysql
