// SPDX-License-Identifier: Apache-2.0
#include "model/miss_ratio.hpp"

#include "model/cache_policy.hpp"
#include "model/slot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace muster::model {
namespace {

constexpr std::size_t accesses_min = 200;
/// As CachePolicy's own.
constexpr double step_accesses_min = 10'000;
/// The sample's users are dealt out to so many groups, whose differences say how sure the whole is.
constexpr std::size_t group_count = 32;
/// In time.
constexpr std::size_t parts_min = 2;
constexpr std::size_t parts_max = 8;
/// Nine times in ten what is normally distributed is as many standard deviations from the middle at most.
constexpr double nine_in_ten = 1.645;

using Accesses = std::vector<UserId>;

class MiniatureCache {
 public:
  /// It follows what happens as quickly as the original, in its own time.
  MiniatureCache(std::size_t room, double rate)
      : policy_(room, static_cast<std::size_t>(std::llround(step_accesses_min * rate))) {}

  /// As a warm-up reads a user: it asks whether memory has it, then reads it through the cache, which asks
  /// again.
  void warm(UserId user) {
    if (!there_.contains(user)) policy_.miss(hash_of(user));
    access(user);
  }

  bool access(UserId user) {
    if (const auto found = there_.find(user); found != there_.end()) {
      policy_.hit(found->second);
      return true;
    }
    const std::uint64_t hash = hash_of(user);
    policy_.miss(hash);
    gone_.clear();
    const CachePolicy::Place place = policy_.insert(hash, 1, gone_);
    users_.resize(std::max<std::size_t>(users_.size(), place + std::size_t{1}));
    users_[place] = user;
    there_.emplace(user, place);
    for (const CachePolicy::Place each : gone_) there_.erase(users_[each]);
    return false;
  }

 private:
  static std::uint64_t hash_of(UserId user) { return slot_hash(static_cast<std::uint64_t>(user.value)); }

  CachePolicy policy_;
  std::unordered_map<UserId, CachePolicy::Place> there_;
  std::vector<UserId> users_;
  std::vector<CachePolicy::Place> gone_;
};

using Counts = std::unordered_map<UserId, std::uint32_t>;

/// Those that were asked for most, the first first.
Accesses hottest_of(const Counts& counts, std::size_t count) {
  std::vector<std::pair<std::uint32_t, UserId>> order;
  for (const auto& [user, times] : counts)
    if (times > 0) order.emplace_back(times, user);
  std::sort(order.begin(), order.end(), std::greater<>());
  order.resize(std::min(order.size(), count));
  Accesses out;
  out.reserve(order.size());
  for (const auto& each : order) out.push_back(each.second);
  return out;
}

class Foretelling {
 public:
  Foretelling(const AccessTrace& trace, const CacheQuestion& question)
      : trace_(trace), question_(question), room_(scaled(question.room)) {
    for (const UserId user : question.warm.users)
      if (static_cast<double>(AccessSample::hash_of(user)) < trace.rate * 18446744073709551616.0)
        given_.push_back(user);
  }

  HitRate run() {
    if (question_.accesses) {
      run_from_warm(std::max<std::size_t>(scaled(*question_.accesses), 1));
      return judge(trace_.accesses.size());
    }
    const std::size_t half = trace_.accesses.size() / 2;
    MiniatureCache cache(room_, trace_.rate);
    for (std::size_t i = 0; i < half; ++i) cache.access(trace_.accesses[i]);
    for (std::size_t i = half; i < trace_.accesses.size(); ++i)
      note(trace_.accesses[i], cache.access(trace_.accesses[i]));
    return judge(trace_.accesses.size() - half);
  }

 private:
  [[nodiscard]] std::size_t scaled(std::size_t number) const {
    return static_cast<std::size_t>(std::llround(static_cast<double>(number) * trace_.rate));
  }

  /// The trace in parts, each foretold from what the others say is asked for most.
  void run_from_warm(std::size_t accesses) {
    Counts counts;
    for (const UserId user : trace_.accesses) ++counts[user];
    const std::size_t all = trace_.accesses.size();
    const std::size_t parts = std::clamp(all / accesses, parts_min, parts_max);
    for (std::size_t part = 0; part < parts; ++part) {
      const std::size_t begin = all * part / parts;
      const std::size_t end = all * (part + 1) / parts;
      for (std::size_t i = begin; i < end; ++i) --counts[trace_.accesses[i]];
      const Accesses hottest = hottest_of(counts, scaled(question_.warm.hottest));
      for (std::size_t i = begin; i < end; ++i) ++counts[trace_.accesses[i]];
      for (std::size_t at = begin; at < end; at += accesses)
        run_once(at, std::min(at + accesses, end), hottest);
    }
  }

  /// From a warmed cache on.
  void run_once(std::size_t begin, std::size_t end, const Accesses& hottest) {
    MiniatureCache cache(room_, trace_.rate);
    for (const UserId user : hottest) cache.warm(user);
    for (const UserId user : given_) cache.warm(user);
    for (std::size_t i = begin; i < end; ++i) note(trace_.accesses[i], cache.access(trace_.accesses[i]));
  }

  void note(UserId user, bool hit) {
    if (hit) return;
    ++misses_[slot_hash(AccessSample::hash_of(user)) % group_count];
  }

  [[nodiscard]] HitRate judge(std::size_t counted) const {
    // Whether the few users who are asked for most are in the sample is chance, and decides how many accesses
    // it has. They are hits nearly always: so misses are counted, and held against as many accesses as there
    // should have been.
    const double share = static_cast<double>(counted) / static_cast<double>(trace_.accesses.size());
    const double expected = std::max(trace_.all_accesses * share * trace_.rate, 1.0);
    const double misses = std::accumulate(misses_.begin(), misses_.end(), 0.0);
    double squares = 0;
    for (const double each : misses_)
      squares += (each - misses / group_count) * (each - misses / group_count);
    const double of_users = group_count * squares / (group_count - 1) / (expected * expected);
    HitRate out;
    out.expected = std::clamp(1 - misses / expected, 0.0, 1.0);
    const double spread = out.expected * (1 - out.expected);
    const double measured =
        question_.accesses ? static_cast<double>(*question_.accesses) : expected / trace_.rate;
    const double variance =
        (1 - trace_.rate) * of_users + spread / expected + spread / std::max(measured, 1.0);
    out.low = std::max(0.0, out.expected - nine_in_ten * std::sqrt(variance));
    out.high = std::min(1.0, out.expected + nine_in_ten * std::sqrt(variance));
    return out;
  }

  const AccessTrace& trace_;
  const CacheQuestion& question_;
  std::size_t room_;
  Accesses given_;
  std::array<double, group_count> misses_{};
};

}  // namespace

std::optional<HitRate> foretell_hit_rate(const AccessTrace& trace, const CacheQuestion& question) {
  if (trace.accesses.size() < accesses_min || trace.all_accesses < 1) return std::nullopt;
  return Foretelling(trace, question).run();
}

}  // namespace muster::model
