// SPDX-License-Identifier: Apache-2.0
/// @file The connections for reading that stores on one server share. A server pays for each connection with
/// a thread that is cold when its turn comes: a database more costs it little, a connection more a lot.
/// Thread-safe.
#pragma once

#include "adapters/mysql/session.hpp"
#include "adapters/sql/readers.hpp"
#include "adapters/sql/turns.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace muster::mysql {

class Servers {
 public:
  struct Sessions {
    Sessions(Dsn server, Secret password, ConnectionKind kind, std::size_t count);

    Endpoint endpoint;  ///< Of no database.
    std::deque<Session> sessions;
    std::shared_ptr<sql::Turns> turns;
  };

  /// Those of all with the same server, account and settings: `count` as the first of them said. They last as
  /// long as somebody has them.
  std::shared_ptr<Sessions> sessions_of(const Endpoint& endpoint, ConnectionKind kind, std::size_t count);

 private:
  struct Known {
    Dsn server;
    Secret password;
    ConnectionKind kind;
    std::weak_ptr<Sessions> sessions;
  };
  std::mutex mutex_;
  std::vector<Known> known_;
};

/// On shared connections if `servers` is given and the endpoint is one host that holds all it was told: which
/// one of several is read from, is each database's own matter.
sql::Readers open_readers(Servers* servers, Endpoint& endpoint, ConnectionKind kind, std::size_t count,
                          std::chrono::milliseconds wait_max, sql::Health& health);

}  // namespace muster::mysql
