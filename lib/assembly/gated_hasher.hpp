// SPDX-License-Identifier: Apache-2.0
/// @file Lets as many password hashes run at once as there are cores: more would not be faster, only take
/// more memory and make everything else wait. Thread-safe.
#pragma once

#include "ports/crypto.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace muster::assembly {

struct HashingCounters {
  std::uint64_t hashes = 0;   ///< Computed since the start.
  std::uint64_t running = 0;  ///< Now.
};

class GatedHasher final : public ports::PasswordHasher {
 public:
  GatedHasher(std::unique_ptr<ports::PasswordHasher> hasher, std::size_t at_once);

  Result<Secret> hash(const Secret& password) override;
  Result<ports::PasswordMatch> verify(const Secret& password, const Secret& hash) override;
  void verify_nothing(const Secret& password) override;
  [[nodiscard]] Status check_format(std::string_view hash) const override;

  [[nodiscard]] HashingCounters counters() const;

 private:
  class Permit;

  std::unique_ptr<ports::PasswordHasher> hasher_;
  // Not std::counting_semaphore: its waiters yield in a loop first, which takes cores from those that hash.
  std::mutex mutex_;
  std::condition_variable permit_returned_;
  std::size_t permits_;
  std::atomic<std::uint64_t> hashes_{0};
  std::atomic<std::uint64_t> running_{0};
};

}  // namespace muster::assembly
