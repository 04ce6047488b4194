// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/watched_store.hpp"

namespace muster::sharded {
namespace {

/// A disk may take a moment; a server that has stopped takes for ever.
constexpr std::chrono::milliseconds silence_max{1000};
/// How many may wait in silence before the next ones do not join them but see first whether it goes on.
constexpr int waiting_in_silence_max = 3;
constexpr std::chrono::milliseconds glance{5};

struct Patience {
  std::chrono::milliseconds doubts_after;
  std::chrono::milliseconds gives_up_after;
};
/// Reads wait for no disk that others wrote to.
constexpr Patience of_reads{std::chrono::milliseconds(20), std::chrono::milliseconds(250)};
constexpr Patience of_writes{std::chrono::milliseconds(100), silence_max};

Status silent() {
  return fail(Error{ErrorCode::unavailable,
                    "this part of the data cannot be reached now; try again",
                    "calls before this one have had no answer yet",
                    {},
                    std::chrono::seconds(1)});
}

Status admit(Watch& watch, const Patience& patience) {
  while (watch.is_silent(patience.doubts_after, waiting_in_silence_max)) {
    if (watch.is_silent(patience.gives_up_after, waiting_in_silence_max)) return silent();
    watch.await_answer(glance);
  }
  return watch.is_silent(silence_max, 0) ? silent() : Status{};
}

bool is_answer(const Status& status) {
  return status ||
         (status.error().code != ErrorCode::unavailable && status.error().code != ErrorCode::overloaded &&
          status.error().code != ErrorCode::deadline_exceeded);
}

}  // namespace

thread_local Watch* Watch::current_ = nullptr;

void Watch::begin() {
  if (waiting_++ == 0) note_answer();
}

bool Watch::is_silent(std::chrono::milliseconds silence, int waiting_max) const {
  return waiting_ > waiting_max && elsewhere_ == 0 &&
         std::chrono::steady_clock::now() - answered_at_.load() > silence;
}

void Watch::note_answer() {
  answered_at_ = std::chrono::steady_clock::now();
  answered_.notify_all();
}

void Watch::await_answer(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  answered_.wait_for(lock, time);
}

Watch::Elsewhere::Elsewhere() : watch_(current_) {
  if (watch_ != nullptr) ++watch_->elsewhere_;
}

Watch::Elsewhere::~Elsewhere() {
  if (watch_ == nullptr) return;
  watch_->note_answer();
  --watch_->elsewhere_;
}

Status WatchedStore::read(const ports::Home& home, const ports::Freshness& freshness,
                          const std::function<Status(ports::Unit&)>& work) {
  const Watch::Elsewhere elsewhere;
  MUSTER_CHECK_OK(admit(reads_, of_reads));
  Watch::Wait wait(reads_);
  Status status = store_->read(home, freshness, [&](ports::Unit& unit) -> Status {
    const Watch::Work working(&reads_);
    return work(unit);
  });
  if (is_answer(status)) wait.answered();
  return status;
}

Status WatchedStore::write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) {
  const Watch::Elsewhere elsewhere;
  MUSTER_CHECK_OK(admit(writes_, of_writes));
  Watch::Wait wait(writes_);
  Status status = store_->write(home, [&](ports::Unit& unit) -> Status {
    const Watch::Work working(&writes_);
    return work(unit);
  });
  if (is_answer(status)) wait.answered();
  return status;
}

Result<ports::Examination> WatchedStore::examine() {
  const Watch::Elsewhere elsewhere;
  MUSTER_CHECK_OK(admit(reads_, of_reads));
  return store_->examine();
}

ports::StoreHealth WatchedStore::health() {
  if (reads_.is_silent(silence_max, 0) || writes_.is_silent(silence_max, 0))
    return {false, "does not answer"};
  return store_->health();
}

}  // namespace muster::sharded
