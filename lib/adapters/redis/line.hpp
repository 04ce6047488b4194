// SPDX-License-Identifier: Apache-2.0
/// @file A connection to any one server by which a channel is reached: the only one, the primary, or in a
/// cluster, where every node tells all the others, whichever answers. Belongs to one thread.
#pragma once

#include "adapters/redis/topology.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace muster::redis {

class Line {
 public:
  Line(const Url& url, const Passwords& passwords, std::string channel)
      : topology_(make_topology(url, passwords)), channel_(std::move(channel)) {}

  [[nodiscard]] const std::string& channel() const { return channel_; }
  [[nodiscard]] bool is_open() const { return link_ != nullptr; }
  /// Another one than last time, where that was of no use and there are several. Errors: those of Link.
  Status open();
  /// The next is opened elsewhere, if it can be.
  void give_up();

  /// One command and its reply. Errors: those of Link; conflict (the server refuses it).
  Result<Reply> exchange(const Words& words);
  /// As Link::listen.
  Result<std::optional<Reply>> listen(std::chrono::milliseconds time) { return link_->listen(time); }
  /// Whether the server has closed it.
  [[nodiscard]] bool has_news() const { return link_->has_news(); }

 private:
  const std::unique_ptr<Topology> topology_;
  const std::string channel_;
  std::size_t given_up_ = 0;
  std::shared_ptr<Node> node_;
  std::unique_ptr<Link> link_;
};

}  // namespace muster::redis
