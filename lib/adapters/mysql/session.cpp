// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/session.hpp"

#include "adapters/mysql/driver.hpp"

#include <algorithm>
#include <string_view>

#include <poll.h>

namespace muster::mysql {
namespace {

// A connection that has been idle for so long is asked whether it is still there.
constexpr std::chrono::seconds trusted_for{30};

/// Whether the server has closed it or said goodbye: nothing else comes without being asked for.
bool has_news(MYSQL* handle) {
  pollfd socket{mysql_get_socket(handle), POLLIN, 0};
  return poll(&socket, 1, 0) != 0;
}

}  // namespace

bool Session::is_usable() {
  if (!handle_ || !await_reply() || has_news(handle_.get())) return false;
  const auto now = std::chrono::steady_clock::now();
  // The writer's holds a lock that another daemon would take.
  const bool may_move = kind_ != ConnectionKind::writer;
  if (may_move && (host_ != endpoint_.host() || now - connected_at_ > endpoint_.dsn().connection_lifetime))
    return false;
  return now - used_at_ < trusted_for || mysql_ping(handle_.get()) == 0;
}

bool Session::connect(ConnectFailure& failure) {
  Link link = endpoint_.connect(kind_, failure);
  if (!link.handle) return false;
  handle_ = std::move(link.handle);
  host_ = link.host;
  autocommit_ = kind_ != ConnectionKind::writer;
  connected_at_ = std::chrono::steady_clock::now();
  return true;
}

void Session::disconnect() {
  // First the connection: its statements then have nothing left to tell the server.
  handle_.reset();
  while (!statements_.empty()) statements_.back()->abandon();
  reply_is_due_ = false;
}

bool Session::await_reply() {
  if (!reply_is_due_) return true;
  reply_is_due_ = false;
  return mysql_read_query_result(handle_.get()) == 0;
}

void Session::end_reading() {
  constexpr std::string_view end = "COMMIT";
  reply_is_due_ = mysql_send_query(handle_.get(), end.data(), end.size()) == 0;
  if (!reply_is_due_) disconnect();
}

void Session::keep(MysqlStatement& statement) {
  if (statements_.size() >= statements_max) {
    const auto resting = [](const MysqlStatement* each) { return !each->in_use; };
    std::vector<MysqlStatement*> candidates;
    std::copy_if(statements_.begin(), statements_.end(), std::back_inserter(candidates), resting);
    const auto oldest = std::min_element(
        candidates.begin(), candidates.end(),
        [](const MysqlStatement* a, const MysqlStatement* b) { return a->last_use() < b->last_use(); });
    if (oldest != candidates.end()) (*oldest)->abandon();
  }
  statements_.push_back(&statement);
}

void Session::forget(const MysqlStatement& statement) {
  std::erase(statements_, &statement);
}

}  // namespace muster::mysql
