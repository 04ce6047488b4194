// SPDX-License-Identifier: Apache-2.0
#include "model/access_sample.hpp"

#include "model/slot.hpp"

#include <algorithm>
#include <cmath>

namespace muster::model {
namespace {

constexpr double all_hashes = 18446744073709551616.0;

}  // namespace

/// Of the user's number and not of its slot, which is the same hash's remainder.
std::uint64_t AccessSample::hash_of(UserId user) {
  return slot_hash(~static_cast<std::uint64_t>(user.value));
}

void AccessSample::note(UserId user, std::uint64_t before) {
  if (hash_of(user) >= threshold_) return;
  accesses_.push_back({user, static_cast<std::int64_t>(before)});
  ++users_[user];
  while (users_.size() > limits_.users_max) look_at_fewer();
  while (accesses_.size() > limits_.accesses_max) forget_oldest();
}

AccessTrace AccessSample::trace(std::uint64_t before) const {
  AccessTrace out;
  out.accesses.reserve(accesses_.size());
  for (const Access& each : accesses_) out.accesses.push_back(each.user);
  out.rate = static_cast<double>(threshold_) / all_hashes;
  out.all_accesses = static_cast<double>(static_cast<std::int64_t>(before) - since_);
  return out;
}

AccessSample AccessSample::restored(const AccessTrace& trace, AccessSampleLimits limits) {
  AccessSample out(limits);
  if (trace.rate < 1) out.threshold_ = static_cast<std::uint64_t>(trace.rate * all_hashes);
  out.since_ = -std::llround(trace.all_accesses);
  // Where exactly they stood among the others is not known: evenly apart.
  const double apart =
      trace.all_accesses / static_cast<double>(std::max<std::size_t>(trace.accesses.size(), 1));
  for (std::size_t i = 0; i < trace.accesses.size(); ++i)
    out.note(trace.accesses[i],
             static_cast<std::uint64_t>(out.since_ + std::llround(apart * static_cast<double>(i))));
  return out;
}

void AccessSample::forget_oldest() {
  const Access oldest = accesses_.front();
  accesses_.pop_front();
  since_ = oldest.before + 1;
  if (const auto found = users_.find(oldest.user); --found->second == 0) users_.erase(found);
}

void AccessSample::look_at_fewer() {
  // A little at a time costs a pass each; half at once would leave a sample of half the size.
  threshold_ -= threshold_ / 4;
  std::erase_if(accesses_, [&](const Access& each) { return hash_of(each.user) >= threshold_; });
  std::erase_if(users_, [&](const auto& each) { return hash_of(each.first) >= threshold_; });
}

}  // namespace muster::model
