// SPDX-License-Identifier: Apache-2.0
/// @file Clients of a daemon over several shards, who register, change, log in and remove users of their own,
/// note every acknowledgement and try again, with the same key, what had none. They go on while things break;
/// what was promised is held against the daemon afterwards. One thread controls a Crew.
#pragma once

#include "support/daemon.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace muster::test {

/// Which shard a user and a name are in.
class SlotOwners {
 public:
  explicit SlotOwners(const Daemon& daemon);
  [[nodiscard]] std::string of_user(const std::string& id) const;
  [[nodiscard]] std::string of_username(const std::string& name) const;
  [[nodiscard]] std::string of_email(const std::string& email) const;

 private:
  std::vector<std::string> shards_;
};

/// Whether the acknowledgements so far say that the user is there.
enum class There : std::uint8_t { no, yes, unknown };

struct Account {
  std::string username;
  std::string key;  ///< Of its registration.
  std::string id;   ///< Empty until that is acknowledged.
  std::optional<std::string> own_email;
  std::size_t padding_size_bytes = 0;
  There there = There::unknown;
  std::set<std::string> emails;  ///< What the email may be; "" is none.
};

/// What clients saw. Thread-safe.
class Sightings {
 public:
  void add(const std::string& call, const Outcome& outcome, bool apart,
           std::chrono::steady_clock::duration took);
  /// What must never be seen.
  void wrong(const std::string& what);
  /// Answers of calls that had to do with no shard in trouble; those that were no answer; the longest wait.
  [[nodiscard]] int apart_served() const { return apart_served_; }
  [[nodiscard]] int acknowledged() const { return acknowledged_; }
  [[nodiscard]] int unanswered() const { return unanswered_; }
  [[nodiscard]] std::map<std::string, int> apart_failures() const;
  [[nodiscard]] std::chrono::milliseconds apart_slowest() const;
  [[nodiscard]] std::string slowest_call() const;
  [[nodiscard]] std::string wrongs() const;
  /// What is told to users must not have any of these in it.
  void forbid(std::vector<std::string> words) { forbidden_ = std::move(words); }

 private:
  std::vector<std::string> forbidden_;
  std::atomic<int> apart_served_{0};
  std::atomic<int> acknowledged_{0};
  std::atomic<int> unanswered_{0};
  mutable std::mutex mutex_;
  std::map<std::string, int> apart_failures_;
  std::chrono::steady_clock::duration apart_slowest_{0};
  std::string slowest_call_;
  std::set<std::string> wrongs_;
};

class Crew {
 public:
  Crew(const Daemon& daemon, std::size_t size);

  /// Lets them work on with `sick` shards in trouble while `fault` runs, and until what was left open then
  /// has its answer.
  void work(const std::set<std::string>& sick, Sightings& sightings, const std::function<void()>& fault);
  /// How much more those who are registered from now on have with them.
  void set_padding(std::size_t size_bytes) { padding_size_bytes_ = size_bytes; }
  /// Of users that are surely there.
  [[nodiscard]] std::vector<std::string> usernames_at(const std::string& shard) const;
  /// What the daemon has is what was promised, and nothing has two owners.
  void check_promises();
  [[nodiscard]] const SlotOwners& owners() const { return owners_; }

 private:
  class Member;
  const Daemon& daemon_;
  const SlotOwners owners_;
  std::vector<std::vector<Account>> accounts_;
  std::vector<int> numbers_;
  std::size_t padding_size_bytes_ = 0;
  std::mt19937 random_{20260707};
};

/// Among the shards in trouble: all of them are, and the catalog.
inline constexpr const char* everywhere = "everywhere";
inline constexpr const char* crew_password = "correct horse battery staple";

}  // namespace muster::test
