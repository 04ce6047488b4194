// SPDX-License-Identifier: Apache-2.0
/// @file One connection to one Redis server. It belongs to one thread at a time. Errors: unavailable (it
/// cannot be reached, or the connection was lost), deadline_exceeded; after either it is of no use any more.
#pragma once

#include "adapters/redis/reply.hpp"
#include "base/address.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

struct redisContext;

namespace muster::redis {

/// How to get in, and how long to wait.
struct Access {
  std::string user;
  Secret password;  ///< Empty: none is asked for.
  int database = 0;
  std::chrono::milliseconds connect_timeout{500};
  std::chrono::milliseconds command_timeout{250};
};

Error error_of_lateness(const Host& host, std::chrono::milliseconds timeout);

class Link {
 public:
  /// Errors also: conflict (the server refuses the account, or has no such database).
  static Result<std::unique_ptr<Link>> open(const Host& host, const Access& access);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link();

  /// Sends all at once, and returns their replies in order; an error reply is one of them. With an error
  /// some may have been carried out.
  Result<std::vector<Reply>> exchange(std::span<const Words> commands);
  /// What the server says of itself next, as of a channel; nothing when that time has passed before.
  Result<std::optional<Reply>> listen(std::chrono::milliseconds time);
  /// As much as can be sent without waiting, in the server's protocol; how many bytes that were.
  Result<std::size_t> send_some(std::string_view text);
  /// Adds the replies that have come, as far as they can be read at once.
  Status receive_some(std::vector<Reply>& replies);
  [[nodiscard]] int descriptor() const;
  [[nodiscard]] bool is_broken() const { return broken_; }
  /// Whether the server has closed it, or says something that nobody asked for.
  [[nodiscard]] bool has_news() const;

 private:
  struct Closer {
    void operator()(redisContext* context) const;
  };
  Link(std::unique_ptr<redisContext, Closer> context, Host host, std::chrono::milliseconds timeout);
  Status introduce(const Access& access);
  Error error_of_context() const;

  std::unique_ptr<redisContext, Closer> context_;
  const Host host_;
  const std::chrono::milliseconds timeout_;
  bool broken_ = false;
};

}  // namespace muster::redis
