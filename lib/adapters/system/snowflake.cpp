// SPDX-License-Identifier: Apache-2.0
#include "adapters/system/snowflake.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <utility>

namespace muster::system {
namespace {

using std::chrono::milliseconds;

constexpr int sequence_bits = 12;
constexpr int worker_bits = 10;
constexpr std::int64_t sequence_max = (1 << sequence_bits) - 1;
constexpr std::int64_t millisecond_max = (std::int64_t{1} << 41) - 1;
constexpr Time epoch{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}};
constexpr int waits_max = 10;

}  // namespace

UserId last_id_before(Time mark) {
  const std::int64_t millisecond = std::chrono::floor<milliseconds>(mark - epoch).count();
  return UserId{millisecond < 0 ? 0 : ((millisecond + 1) << (sequence_bits + worker_bits)) - 1};
}

Time time_of(UserId id) {
  return epoch + milliseconds{id.value >> (sequence_bits + worker_bits)};
}

SnowflakeIds::SnowflakeIds(std::uint32_t worker, UserId last, std::function<Time()> source)
    : source_(std::move(source)),
      worker_(worker),
      last_millisecond_(last.value >> (sequence_bits + worker_bits)),
      // Of another worker perhaps, so the rest of that millisecond is not ours to count on.
      sequence_(sequence_max) {
  MUSTER_CHECK(worker <= worker_max);
}

Result<std::vector<UserId>> SnowflakeIds::several(std::size_t count) {
  std::unique_lock lock(mutex_);
  for (int waits = 0;; ++waits) {
    const std::int64_t now = std::chrono::floor<milliseconds>(source_() - epoch).count();
    if (now < 0 || now > millisecond_max)
      return fail(ErrorCode::unavailable,
                  "no ids can be issued: the system's clock is not between 2024 and 2093");
    if (now > last_millisecond_) {
      last_millisecond_ = now;
      sequence_ = 0;
      break;
    }
    if (now == last_millisecond_ && sequence_ < sequence_max) {
      ++sequence_;
      break;
    }
    if (waits == waits_max) {
      const auto behind = std::to_string(last_millisecond_ - now);
      return fail(ErrorCode::unavailable,
                  "no ids can be issued: the system's clock is " + behind + " ms behind the last id's time");
    }
    clock_moves_.wait_for(lock, milliseconds{1});
  }
  const std::int64_t first = sequence_;
  sequence_ += std::min(static_cast<std::int64_t>(count) - 1, sequence_max - sequence_);
  const std::int64_t base = (last_millisecond_ << (sequence_bits + worker_bits)) | (worker_ << sequence_bits);
  std::vector<UserId> ids;
  for (std::int64_t each = first; each <= sequence_; ++each) ids.push_back(UserId{base | each});
  return ids;
}

}  // namespace muster::system
