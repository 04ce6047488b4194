// SPDX-License-Identifier: Apache-2.0
#include "adapters/system/leased_ids.hpp"

#include <algorithm>
#include <utility>

namespace muster::system {
namespace {

tl::unexpected<Error> not_held(const std::string& why) {
  return fail(ErrorCode::unavailable, "no ids can be issued: " + why);
}

}  // namespace

LeasedIds::LeasedIds(UserId last, std::function<Time()> source, std::function<Moment()> steady)
    : source_(std::move(source)), steady_(std::move(steady)), last_(last) {}

void LeasedIds::hold(const ports::WorkerLease& lease, Time ids_after, Moment deadline) {
  const std::lock_guard lock(mutex_);
  const bool renewed = term_ && term_->lease.worker == lease.worker && term_->lease.fence == lease.fence;
  if (!renewed) ids_.emplace(lease.worker, std::max(last_, last_id_before(ids_after)), source_);
  term_ = Term{lease, ids_after, deadline};
}

Time LeasedIds::let_go() {
  const std::lock_guard lock(mutex_);
  if (!term_) return {};
  const Time end = std::max(term_->ids_after, time_of(last_));
  term_.reset();
  return end;
}

Result<std::vector<UserId>> LeasedIds::several(std::size_t count) {
  const std::lock_guard lock(mutex_);
  if (!term_) return not_held("no worker id is leased");
  const std::string worker = "the lease of worker id " + std::to_string(term_->lease.worker);
  if (steady_() >= term_->deadline) return not_held(worker + " ran out and could not be renewed yet");
  MUSTER_TRY(auto ids, ids_->several(count));
  if (ids.back() > last_id_before(term_->lease.expires_at))
    return not_held(worker + " ended, by the system's clock, at " + format_time(term_->lease.expires_at));
  last_ = ids.back();
  return ids;
}

}  // namespace muster::system
