// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/link.hpp"

#include "base/system_reason.hpp"

#include <array>
#include <cerrno>

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace muster::redis {
namespace {

constexpr std::size_t receive_size_bytes = 32 * 1024;

timeval timeval_of(std::chrono::milliseconds time) {
  timeval out{};
  out.tv_sec = static_cast<time_t>(time.count() / 1000);
  out.tv_usec = static_cast<suseconds_t>(time.count() % 1000 * 1000);
  return out;
}

Reply reply_of(const redisReply& from) {
  Reply out;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      out.kind = Reply::Kind::integer;
      out.integer = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      out.kind = Reply::Kind::text;
      out.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ERROR:
      out.kind = Reply::Kind::error;
      out.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ARRAY:
      out.kind = Reply::Kind::list;
      // As deep as the library's own parser goes, which is 9.
      for (std::size_t i = 0; i < from.elements; ++i) out.items.push_back(reply_of(*from.element[i]));
      break;
    default:
      break;
  }
  return out;
}

Error unreachable(const Host& host, const std::string& why) {
  return {ErrorCode::unavailable, "Redis cannot be reached", "redis " + host.text() + ": " + why, {}, {}};
}

}  // namespace

Error error_of_lateness(const Host& host, std::chrono::milliseconds timeout) {
  return {ErrorCode::deadline_exceeded,
          "Redis did not answer in time",
          "redis " + host.text() + ": no answer within " + std::to_string(timeout.count()) + " ms",
          {},
          {}};
}

void Link::Closer::operator()(redisContext* context) const {
  redisFree(context);
}

Link::Link(std::unique_ptr<redisContext, Closer> context, Host host, std::chrono::milliseconds timeout)
    : context_(std::move(context)), host_(std::move(host)), timeout_(timeout) {}

Link::~Link() = default;

Result<std::unique_ptr<Link>> Link::open(const Host& host, const Access& access) {
  std::unique_ptr<redisContext, Closer> context(
      redisConnectWithTimeout(host.name.c_str(), host.port, timeval_of(access.connect_timeout)));
  if (!context) return fail(unreachable(host, "out of memory"));
  if (context->err != 0) return fail(unreachable(host, context->errstr));
  redisEnableKeepAlive(context.get());
  redisSetTimeout(context.get(), timeval_of(access.command_timeout));
  std::unique_ptr<Link> link(new Link(std::move(context), host, access.command_timeout));
  MUSTER_CHECK_OK(link->introduce(access));
  return link;
}

Status Link::introduce(const Access& access) {
  std::vector<Words> commands;
  if (!access.password.empty()) {
    Words words{"AUTH"};
    if (!access.user.empty()) words.push_back(access.user);
    words.emplace_back(access.password.reveal());
    commands.push_back(std::move(words));
  }
  if (access.database != 0) commands.push_back({"SELECT", std::to_string(access.database)});
  if (commands.empty()) return {};
  auto replies = exchange(commands);
  // The password's copy goes with its words.
  for (Words& words : commands)
    for (std::string& word : words) explicit_bzero(word.data(), word.size());
  if (!replies) return fail(replies.error());
  for (const Reply& each : *replies)
    if (each.is_error())
      return fail(ErrorCode::conflict, "Redis refuses the account or the database",
                  "redis " + host_.text() + ": " + each.text);
  return {};
}

Error Link::error_of_context() const {
  const bool timed_out = context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (!timed_out) return unreachable(host_, context_->errstr);
  return error_of_lateness(host_, timeout_);
}

Result<std::vector<Reply>> Link::exchange(std::span<const Words> commands) {
  for (const Words& words : commands) {
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const std::string& word : words) {
      texts.push_back(word.data());
      lengths.push_back(word.size());
    }
    if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(),
                               lengths.data()) != REDIS_OK) {
      broken_ = true;
      return fail(error_of_context());
    }
  }
  const auto end = std::chrono::steady_clock::now() + timeout_;
  std::vector<Reply> replies;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    void* reply = nullptr;
    errno = 0;
    // A server that says a little each time would be waited for without end.
    const bool late = std::chrono::steady_clock::now() > end;
    if (late) errno = EAGAIN;
    if (late || redisGetReply(context_.get(), &reply) != REDIS_OK) {
      broken_ = true;
      if (late) context_->err = REDIS_ERR_IO;
      return fail(error_of_context());
    }
    auto* const taken = static_cast<redisReply*>(reply);
    replies.push_back(reply_of(*taken));
    freeReplyObject(taken);
  }
  return replies;
}

Result<std::optional<Reply>> Link::listen(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    void* reply = nullptr;
    errno = 0;
    if (redisGetReplyFromReader(context_.get(), &reply) != REDIS_OK) break;
    if (reply != nullptr) {
      auto* const taken = static_cast<redisReply*>(reply);
      std::optional<Reply> out = reply_of(*taken);
      freeReplyObject(taken);
      return out;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd socket{context_->fd, POLLIN, 0};
    if (left.count() <= 0 || poll(&socket, 1, static_cast<int>(left.count())) <= 0)
      return std::optional<Reply>();
    if (redisBufferRead(context_.get()) != REDIS_OK) break;
  }
  broken_ = true;
  return fail(error_of_context());
}

Result<std::size_t> Link::send_some(std::string_view text) {
  const auto sent = ::send(context_->fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::size_t{0};
  broken_ = true;
  return fail(unreachable(host_, system_reason()));
}

Status Link::receive_some(std::vector<Reply>& replies) {
  std::array<char, receive_size_bytes> buffer;
  const auto received = ::recv(context_->fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return {};
  broken_ = true;
  if (received < 0) return fail(unreachable(host_, system_reason()));
  if (received == 0) return fail(unreachable(host_, "it closed the connection"));
  redisReaderFeed(context_->reader, buffer.data(), static_cast<std::size_t>(received));
  for (;;) {
    void* reply = nullptr;
    if (redisReaderGetReply(context_->reader, &reply) != REDIS_OK)
      return fail(unreachable(host_, context_->reader->errstr));
    if (reply == nullptr) break;
    auto* const taken = static_cast<redisReply*>(reply);
    replies.push_back(reply_of(*taken));
    freeReplyObject(taken);
  }
  broken_ = false;
  return {};
}

int Link::descriptor() const {
  return context_->fd;
}

bool Link::has_news() const {
  pollfd socket{context_->fd, POLLIN, 0};
  return poll(&socket, 1, 0) != 0;
}

}  // namespace muster::redis
