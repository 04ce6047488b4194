// SPDX-License-Identifier: Apache-2.0
/// @file How fresh a read must be, for those who need not see the newest state at once. Plain values.
#pragma once

#include <cstdint>
#include <vector>

namespace muster::ports {

enum class Recency : std::uint8_t {
  strict,  ///< Everything that was acknowledged before the read began.
  recent,  ///< A copy will do that is a moment behind, if it has what `at_least` asks for.
};

enum class View : std::uint8_t {
  snapshot,  ///< All that one read looks at is of one moment.
  looks,     ///< Each look is of a moment of its own; cheaper where there is only one.
};

/// The version of a written row is the sequence number of its slot.
struct SlotPosition {
  std::uint32_t slot = 0;
  std::int64_t seq = 0;
};

struct Freshness {
  Recency recency = Recency::strict;
  std::vector<SlotPosition> at_least{};  ///< What a recent read must have seen, such as one's own changes.
  View view = View::snapshot;
};

}  // namespace muster::ports
