// SPDX-License-Identifier: Apache-2.0
/// @file One Redis server, with a bounded pool of connections and a breaker: while it does not answer, nobody
/// waits for it but one who tries again after a pause, which grows and is spread by chance. So a slow or dead
/// server costs callers little and other servers nothing. Thread-safe.
#pragma once

#include "adapters/redis/link.hpp"
#include "adapters/redis/pauses.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace muster::redis {

/// Whether the server may have carried out what failed.
enum class Outcome : std::uint8_t { not_done, unknown };

struct Failed {
  Error error;
  Outcome outcome = Outcome::not_done;
};

class Node {
 public:
  struct Limits {
    std::size_t connections_max = 16;
    std::chrono::milliseconds connection_wait{50};
  };
  struct Counts {
    std::uint64_t exchanges = 0;
    std::uint64_t failures = 0;     ///< Of exchanges and of connecting.
    std::uint64_t refusals = 0;     ///< By the breaker.
    std::uint64_t connections = 0;  ///< Open, now.
    std::uint64_t in_use = 0;
  };

  Node(Host host, Access access, Limits limits);

  [[nodiscard]] const Host& host() const { return host_; }
  /// Errors: those of Link; overloaded (no connection came free).
  tl::expected<std::vector<Reply>, Failed> exchange(std::span<const Words> commands);
  /// A connection for the caller alone, beside the pool. Errors: those of Link.
  [[nodiscard]] Result<std::unique_ptr<Link>> open() const { return Link::open(host_, access_); }
  /// An idle connection, for the caller to keep; null where none is free, or the server is left out. The
  /// caller says how it fared with it.
  std::unique_ptr<Link> lend();
  /// `error` is null where all was answered.
  void note_errand(const Error* error);
  /// Nobody but one now and then, in exchange(), tries whether it answers.
  [[nodiscard]] bool is_left_out() const { return is_left_out_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::chrono::milliseconds command_timeout() const { return access_.command_timeout; }
  [[nodiscard]] Counts counts() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Taken = tl::expected<std::unique_ptr<Link>, Failed>;
  Taken acquire();
  Taken refusal();
  std::unique_ptr<Link> take_idle();
  void give_back(std::unique_ptr<Link> link);
  void note(bool good, const Error* error);

  const Host host_;
  const Access access_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Link>> idle_;  ///< The one used last is the last.
  std::size_t open_ = 0;                     ///< Idle or in use.
  std::optional<Error> last_error_;          ///< With it the breaker is open.
  std::atomic<bool> is_left_out_{false};     ///< The same, for who has not the lock.
  Clock::time_point next_try_;
  Pauses pauses_;
  Counts counts_;
};

}  // namespace muster::redis
