// SPDX-License-Identifier: Apache-2.0
/// @file Asks a cache as a thread does that runs a loop, and waits for what is told on another.
#pragma once

#include "lib/adapters/cached/daemons.hpp"

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace muster::cached::testing {

/// Nothing where it is refused at once.
inline std::optional<std::future<ports::CachedUserPtr>> ask(Daemons& daemons, std::size_t on, UserId id,
                                                            std::optional<std::int64_t> at_least = {}) {
  class Reader final : public ports::UserReader {
   public:
    void take(ports::CachedUserPtr user) override { told.set_value(std::move(user)); }
    std::promise<ports::CachedUserPtr> told;
  };
  auto reader = std::make_unique<Reader>();
  auto told = reader->told.get_future();
  std::unique_ptr<ports::UserReader> given = std::move(reader);
  if (daemons.loop_of(on).call([&] { return daemons[on].find_soon(id, at_least, given); })) return told;
  if (!given) throw std::logic_error("the reader was refused, and is gone");
  return std::nullopt;
}

/// Null where the caller is sent to find().
inline ports::CachedUserPtr soon(Daemons& daemons, std::size_t on, UserId id,
                                 std::optional<std::int64_t> at_least = {}) {
  auto told = ask(daemons, on, id, at_least);
  return told ? told->get() : nullptr;
}

/// The same as a name: "?" for null.
inline std::string soon_name_of(Daemons& daemons, std::size_t on, UserId id,
                                std::optional<std::int64_t> at_least = {}) {
  const auto user = soon(daemons, on, id, at_least);
  return user ? Daemons::name_in(*user) : "?";
}

}  // namespace muster::cached::testing
