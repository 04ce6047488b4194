// SPDX-License-Identifier: Apache-2.0
/// @file Which users a web server's access log shows to be asked for most. Lines in the common or combined
/// format count that got /v1/users/ID and answered it; others are passed over. Bounded memory: of very many
/// users, those who were asked for once may be left out. Not thread-safe.
#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace muster::cmd {

class AccessLog {
 public:
  explicit AccessLog(std::size_t users_max = 2'000'000) : users_max_(users_max) {}

  void add(std::string_view line);
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  [[nodiscard]] std::uint64_t accesses() const { return accesses_; }
  /// The first first.
  [[nodiscard]] std::vector<UserId> hottest(std::size_t count) const;

 private:
  std::size_t users_max_;
  std::uint64_t lines_ = 0;
  std::uint64_t accesses_ = 0;
  std::unordered_map<UserId, std::uint64_t> counts_;
};

/// Whom a line of the log is about.
std::optional<UserId> user_of_line(std::string_view line);

}  // namespace muster::cmd
