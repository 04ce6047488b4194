// SPDX-License-Identifier: Apache-2.0
/// @file What clients of several daemons wrote and were shown, and what of it should not be. Each client does
/// one thing after another. A history is made by one thread, or joined from those of several.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::test {

struct Event {
  using Moment = std::chrono::steady_clock::time_point;
  enum class Kind : std::uint8_t { write, read };

  Kind kind = Kind::read;
  int client = 0;
  std::string key;
  std::string value;         ///< Written or shown; each write has one of its own.
  std::int64_t version = 0;  ///< As acknowledged or shown; 0: it is not known whether it was written.
  /// The highest version that the client had seen of it and sent along; nothing where it asked for none.
  std::optional<std::int64_t> carried;
  Moment began;
  Moment ended;
};

/// Sentences about what contradicts these:
/// - a client that carries what it has seen is never shown less: it reads its own writes, and no version goes
///   back;
/// - a version is one state: whoever is shown it is shown the same, and it is something that was written;
/// - writes that do not overlap have versions in their order;
/// - what was acknowledged for longer than `bound` is shown to everybody.
std::vector<std::string> contradictions(const std::vector<Event>& history, std::chrono::milliseconds bound);

}  // namespace muster::test
