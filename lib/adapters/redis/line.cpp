// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/line.hpp"

namespace muster::redis {

Status Line::open() {
  link_.reset();
  MUSTER_TRY(node_, topology_->node_of(channel_));
  // The one that has the channel's slot first: it tells those who listen there soonest.
  const auto nodes = topology_->nodes();
  if (given_up_ > 0 && !nodes.empty()) node_ = nodes[given_up_ % nodes.size()];
  MUSTER_TRY(link_, node_->open());
  return {};
}

void Line::give_up() {
  link_.reset();
  ++given_up_;
  if (node_) topology_->note_failure(*node_);
}

Result<Reply> Line::exchange(const Words& words) {
  MUSTER_TRY(auto replies, link_->exchange({&words, 1}));
  if (replies.front().is_error())
    return fail(ErrorCode::conflict, "Redis refuses the channel",
                "redis " + node_->host().text() + ": " + replies.front().text);
  return std::move(replies.front());
}

}  // namespace muster::redis
