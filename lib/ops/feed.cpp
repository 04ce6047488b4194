// SPDX-License-Identifier: Apache-2.0
#include "ops/feed.hpp"

#include "base/log.hpp"
#include "model/revocation.hpp"
#include "ops/context.hpp"
#include "ops/news.hpp"
#include "ops/tokens.hpp"
#include "ports/security_store.hpp"

#include <algorithm>

namespace muster::ops {
namespace {

constexpr std::size_t at_a_time = 1000;
/// Who is further behind reads everything again: that is cheaper then.
constexpr std::int64_t behind_max = 20'000;

/// The newest state, without the cost of a snapshot: a later look sees at least what an earlier one did.
const ports::Freshness looks{ports::Recency::strict, {}, ports::View::looks};

}  // namespace

Status Feed::begin(Duration max_staleness) {
  if (!context_.store.is_shared()) return {};
  const FeedAge::Moment began = FeedAge::now();
  ports::NewsHead head;
  MUSTER_CHECK_OK(context_.store.read(looks, [&](ports::Unit& unit) -> Status {
    MUSTER_TRY(head, unit.news().head());
    return {};
  }));
  {
    const std::lock_guard lock(mutex_);
    followed_ = head;
  }
  began_ = began;
  age_.heard(began);
  age_.start(max_staleness);
  return {};
}

Status Feed::poll() {
  if (!is_needed()) return {};
  const FeedAge::Moment asked = FeedAge::now();
  const std::lock_guard polling(polling_);
  // Another one began after we asked, and sees what we would.
  if (began_ > asked) return {};
  const FeedAge::Moment began = FeedAge::now();
  const ports::NewsHead known = followed();
  Found found;
  Status status = context_.store.read(looks, [&](ports::Unit& unit) { return look(found, unit, known); });
  if (status) status = follow(found, began_);
  ++(status ? polls_ : polls_failed_);
  if (!status) return status;
  began_ = began;
  age_.heard(began);
  return {};
}

Status Feed::look(Found& found, ports::Unit& unit, const ports::NewsHead& known) const {
  found = {};
  MUSTER_TRY(found.head, unit.news().head());
  if (found.head == known) return {};
  found.gap =
      found.head.seq < known.seq || found.head.epoch < known.epoch || found.head.seq - known.seq > behind_max;
  const Time now = context_.clock.now();
  for (std::int64_t after = found.gap ? 0 : known.epoch; after < found.head.epoch;) {
    MUSTER_TRY(const auto page, unit.revocations().list(after, now, at_a_time));
    found.revocations.insert(found.revocations.end(), page.begin(), page.end());
    // What is missing has expired.
    after = page.size() < at_a_time ? std::max(after, found.head.epoch) : page.back().epoch;
  }
  for (std::int64_t after = known.seq; !found.gap && after < found.head.seq;) {
    MUSTER_TRY(const auto page, unit.news().list(after, at_a_time));
    for (const ports::NewsEntry& each : page) found.gap = found.gap || each.seq != ++after;
    found.gap = found.gap || page.empty();
    found.entries.insert(found.entries.end(), page.begin(), page.end());
  }
  return {};
}

Status Feed::follow(const Found& found, FeedAge::Moment since) {
  // None of it was there when the last look began.
  const auto longest = std::chrono::duration_cast<Duration>(FeedAge::now() - since);
  for (const model::Revocation& each : found.revocations) context_.tokens.follow(each, longest);
  const ports::NewsHead known = followed();
  if (found.head == known) return {};
  News news;
  if (found.gap) {
    ++gaps_;
    log::warn("much has changed in the store since this daemon looked last: everything is read again");
    news = News::everything();
  }
  for (const ports::NewsEntry& each : found.entries) note(news, each);
  news.roles = news.roles || found.head.roles != known.roles;
  MUSTER_CHECK_OK(ops::follow(context_, news));
  entries_ += found.revocations.size() + found.entries.size();
  // What was listed may be ahead of the head that was read before it.
  const std::lock_guard lock(mutex_);
  followed_ = found.head;
  if (!found.entries.empty()) followed_.seq = std::max(followed_.seq, found.entries.back().seq);
  if (!found.revocations.empty()) followed_.epoch = std::max(followed_.epoch, found.revocations.back().epoch);
  context_.tokens.raise_epoch(followed_.epoch);
  return {};
}

ports::NewsHead Feed::followed() const {
  const std::lock_guard lock(mutex_);
  return followed_;
}

FeedCounters Feed::counters() const {
  return {polls_, polls_failed_, entries_, gaps_};
}

}  // namespace muster::ops
