// SPDX-License-Identifier: Apache-2.0
/// @file What has changed, in the one order in which everybody sees it: for daemons that follow what others
/// write. Two sequences without gaps, each of which is visible up to its end: epochs of revocations, and
/// records of the audit chain.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::ports {

/// How far the store is.
struct NewsHead {
  std::int64_t epoch = 0;    ///< Of the last revocation.
  std::int64_t seq = 0;      ///< Of the last audit record.
  std::int64_t roles = 0;    ///< The version of the roles.
  std::int64_t awaited = 0;  ///< How often somebody asked every daemon to say how far it is.

  bool operator==(const NewsHead&) const = default;
};

/// What of an audit record says what changed.
struct NewsEntry {
  std::int64_t seq = 0;
  std::string operation;
  std::string target;
};

class NewsStore {
 public:
  virtual ~NewsStore() = default;

  /// Cheap: one look.
  virtual Result<NewsHead> head() = 0;
  /// The entries above `after`, oldest first.
  virtual Result<std::vector<NewsEntry>> list(std::int64_t after, std::size_t limit) = 0;
};

}  // namespace muster::ports
