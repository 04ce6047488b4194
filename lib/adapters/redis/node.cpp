// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/node.hpp"

#include "base/log.hpp"

namespace muster::redis {

Node::Node(Host host, Access access, Limits limits)
    : host_(std::move(host)), access_(std::move(access)), limits_(limits) {}

Node::Taken Node::refusal() {
  ++counts_.refusals;
  return tl::unexpected(Failed{*last_error_, Outcome::not_done});
}

std::unique_ptr<Link> Node::take_idle() {
  while (!idle_.empty()) {
    std::unique_ptr<Link> link = std::move(idle_.back());
    idle_.pop_back();
    if (!link->has_news()) return link;
    --open_;
  }
  return nullptr;
}

Node::Taken Node::acquire() {
  std::unique_lock lock(mutex_);
  if (last_error_) {
    const auto now = Clock::now();
    if (now < next_try_) return refusal();
    // This one tries; the others go on without.
    next_try_ = now + access_.connect_timeout + access_.command_timeout;
  }
  const auto is_free = [this] { return !idle_.empty() || open_ < limits_.connections_max; };
  if (!freed_.wait_for(lock, limits_.connection_wait, is_free))
    return tl::unexpected(Failed{{ErrorCode::overloaded,
                                  "Redis is busy",
                                  "redis " + host_.text() + ": no connection came free",
                                  {},
                                  std::chrono::seconds(1)},
                                 Outcome::not_done});
  if (std::unique_ptr<Link> link = take_idle()) return link;
  ++open_;
  lock.unlock();
  auto opened = Link::open(host_, access_);
  if (opened) return std::move(*opened);
  lock.lock();
  --open_;
  note(false, &opened.error());
  freed_.notify_one();
  return tl::unexpected(Failed{std::move(opened.error()), Outcome::not_done});
}

void Node::note(bool good, const Error* error) {
  if (good) {
    if (last_error_) log::info("redis {}: it answers again", host_.text());
    last_error_.reset();
    is_left_out_.store(false, std::memory_order_relaxed);
    pauses_.over();
    return;
  }
  ++counts_.failures;
  if (!last_error_) log::warn("redis {} is left out for a while: {}", host_.text(), error->detail);
  last_error_ = *error;
  is_left_out_.store(true, std::memory_order_relaxed);
  next_try_ = Clock::now() + pauses_.next();
  // What was opened before may lead to a server that is gone.
  open_ -= idle_.size();
  idle_.clear();
}

void Node::give_back(std::unique_ptr<Link> link) {
  if (link->is_broken())
    --open_;
  else
    idle_.push_back(std::move(link));
  freed_.notify_one();
}

tl::expected<std::vector<Reply>, Failed> Node::exchange(std::span<const Words> commands) {
  auto link = acquire();
  if (!link) return tl::unexpected(std::move(link.error()));
  auto replies = (*link)->exchange(commands);
  const std::lock_guard lock(mutex_);
  ++counts_.exchanges;
  note(replies.has_value(), replies ? nullptr : &replies.error());
  give_back(std::move(*link));
  if (replies) return std::move(*replies);
  return tl::unexpected(Failed{std::move(replies.error()), Outcome::unknown});
}

std::unique_ptr<Link> Node::lend() {
  const std::lock_guard lock(mutex_);
  if (last_error_) return nullptr;
  std::unique_ptr<Link> link = take_idle();
  // From now on it is none of the pool.
  if (link) --open_;
  return link;
}

void Node::note_errand(const Error* error) {
  const std::lock_guard lock(mutex_);
  ++counts_.exchanges;
  note(error == nullptr, error);
}

Node::Counts Node::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = counts_;
  counts.connections = open_;
  counts.in_use = open_ - idle_.size();
  return counts;
}

}  // namespace muster::redis
