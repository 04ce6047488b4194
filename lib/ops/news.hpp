// SPDX-License-Identifier: Apache-2.0
/// @file What changes that another daemon made mean to this one's memory: one visible place. Entries are
/// noted first and followed together, so that what many of them mean is done once. Belongs to one thread.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "ports/news_store.hpp"
#include "ports/store.hpp"

#include <set>

namespace muster::ops {

struct Context;

struct News {
  std::set<UserId> users;  ///< Each of whom has changed in some way.
  bool all_users = false;  ///< Nobody knows whose: whatever is known of any.
  bool grants = false;     ///< A role went, and with it the grants of whoever had it.
  bool created = false;    ///< There are users who were not there before.
  bool roles = false;
  bool keys = false;
  bool cache = false;  ///< An operator wants users to be read again.

  /// Something may have been missed.
  static News everything() { return {{}, true, true, true, true, true, true}; }
};

/// Adds what the entry means.
void note(News& news, const ports::NewsEntry& entry);

/// Forgets what is out of date, so that it is read again. Errors: those of the store; then it is to be
/// followed again.
Status follow(Context& context, const News& news);

/// When the unit, which makes news, is durable, other daemons are told to look for it. From any thread.
void tell_others_after_commit(const Context& context, ports::Unit& unit);

}  // namespace muster::ops
