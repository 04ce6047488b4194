// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/courier.hpp"

#include "base/log.hpp"

#include <exception>
#include <iterator>
#include <utility>

#include <sys/epoll.h>

namespace muster::redis {
namespace {

/// Under way or waiting, of one loop at one server: as many as a pool of workers lets wait.
constexpr std::size_t questions_max = 4096;
/// A journey of thousands is not to leave its memory behind.
constexpr std::size_t kept_size_bytes_max = 64 * 1024;
constexpr std::chrono::minutes idle_max{1};

void add_number(std::string& text, char kind, std::size_t number) {
  text += kind;
  text += std::to_string(number);
  text += "\r\n";
}

void add_command(std::string& text, std::span<const std::string_view> words) {
  add_number(text, '*', words.size());
  for (const std::string_view word : words) {
    add_number(text, '$', word.size());
    text += word;
    text += "\r\n";
  }
}

void clear(std::string& text) {
  text.clear();
  if (text.capacity() > kept_size_bytes_max) std::string().swap(text);
}

}  // namespace

Courier::Courier(loop::Loop& loop, std::shared_ptr<Node> node, Errands& errands)
    : loop_(loop), node_(std::move(node)), errands_(errands), last_used_(loop.now()) {}

Courier::~Courier() {
  errands_.note_told(gathered_.size() + under_way_.size() - told_);
  drop_link();
}

bool Courier::has_link() {
  // What others learned of the server holds for this connection to it, too.
  if (link_ && node_->is_left_out()) {
    if (under_way_.empty() && gathered_.empty()) drop_link();
    return false;
  }
  if (link_) return true;
  link_ = node_->lend();
  if (link_) watch(EPOLLIN);
  return link_ != nullptr;
}

bool Courier::post(std::span<const std::string_view> words, std::unique_ptr<Asker>& asker) {
  last_used_ = loop_.now();
  if (!has_link()) return false;
  if (gathered_.size() + under_way_.size() - told_ >= questions_max) {
    errands_.note_refused();
    return false;
  }
  add_command(gathered_text_, words);
  gathered_.push_back(std::move(asker));
  errands_.note_taken();
  if (under_way_.empty()) loop_.expect(*this, loop::Place::first);
  return true;
}

void Courier::on_turn_end() {
  if (!under_way_.empty() || gathered_.empty()) return;
  std::swap(text_, gathered_text_);
  std::swap(under_way_, gathered_);
  sent_size_bytes_ = 0;
  told_ = 0;
  departed_ = loop::Loop::Clock::now();
  send();
}

void Courier::on_event(std::uint32_t events) {
  if (link_ && (events & EPOLLOUT) != 0) send();
  if (link_ && (events & ~EPOLLOUT) != 0) receive();
}

void Courier::send() {
  const auto sent = link_->send_some(std::string_view(text_).substr(sent_size_bytes_));
  if (!sent) return lose(sent.error());
  sent_size_bytes_ += *sent;
  watch(sent_size_bytes_ < text_.size() ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void Courier::receive() {
  replies_.clear();
  if (auto status = link_->receive_some(replies_); !status) return lose(status.error());
  for (Reply& reply : replies_) {
    // What nobody asked for, or before it was asked, is no answer of a server that can be understood.
    if (told_ == under_way_.size() || sent_size_bytes_ < text_.size())
      return lose({ErrorCode::unavailable,
                   "Redis cannot be understood",
                   "redis " + node_->host().text() + ": it answers what it was not asked",
                   {},
                   {}});
    tell(reply.is_error() ? std::nullopt : std::optional(std::move(reply)));
  }
  if (!under_way_.empty() && told_ == under_way_.size()) arrive();
}

void Courier::tell(std::optional<Reply> reply) {
  const auto asker = std::move(under_way_[told_++]);
  errands_.note_told(1);
  try {
    asker->take(std::move(reply));
  } catch (const std::exception& error) {
    log::error("what Redis answered was of no use: {}", error.what());
  }
}

void Courier::arrive() {
  node_->note_errand(nullptr);
  errands_.note_journey(loop::Loop::Clock::now() - departed_);
  clear(text_);
  under_way_.clear();
  told_ = 0;
  if (!gathered_.empty()) loop_.expect(*this, loop::Place::first);
}

bool Courier::on_tick() {
  if (!under_way_.empty()) {
    if (loop_.now() - departed_ > node_->command_timeout())
      lose(error_of_lateness(node_->host(), node_->command_timeout()));
    return true;
  }
  return loop_.now() - last_used_ < idle_max;
}

/// Whoever waits has waited for this server.
void Courier::lose(const Error& error) {
  drop_link();
  // An idle connection is closed for many a reason.
  if (under_way_.empty() && gathered_.empty()) return;
  node_->note_errand(&error);
  if (!under_way_.empty()) errands_.note_journey(loop::Loop::Clock::now() - departed_);
  clear(text_);
  clear(gathered_text_);
  under_way_.insert(under_way_.end(), std::make_move_iterator(gathered_.begin()),
                    std::make_move_iterator(gathered_.end()));
  gathered_.clear();
  while (told_ < under_way_.size()) tell(std::nullopt);
  under_way_.clear();
  told_ = 0;
  // Whoever was told may have asked something else.
  if (!gathered_.empty()) loop_.expect(*this, loop::Place::first);
}

void Courier::drop_link() {
  if (!link_) return;
  watch(0);
  link_.reset();
}

void Courier::watch(std::uint32_t wanted) {
  loop_.watch(*this, link_->descriptor(), watched_, wanted);
  watched_ = wanted;
}

}  // namespace muster::redis
