// SPDX-License-Identifier: Apache-2.0
#include "assembly/worker_keeper.hpp"

#include "base/log.hpp"

#include <utility>

#include <pthread.h>

namespace muster::assembly {

WorkerKeeper::WorkerKeeper(ports::Store& store, ports::Clock& clock, system::LeasedIds& ids,
                           std::string owner, ops::LeaseTerms terms)
    : store_(store), clock_(clock), ids_(ids), owner_(std::move(owner)), terms_(terms) {}

Status WorkerKeeper::take() {
  // Before the store is asked: our idea of the lease must not end after the store's.
  const auto began = ids_.steady_now();
  MUSTER_TRY(taken_, ops::take_worker(store_, owner_, clock_.now(), terms_));
  ids_.hold(taken_->lease, taken_->ids_after, began + terms_.duration);
  log::info("ids are made with worker id {}", taken_->lease.worker);
  return {};
}

Status WorkerKeeper::renew() {
  if (!taken_) return take();
  const auto began = ids_.steady_now();
  MUSTER_TRY(const bool ours, ops::renew_worker(store_, taken_->lease, clock_.now() + terms_.duration));
  if (ours) {
    ids_.hold(taken_->lease, taken_->ids_after, began + terms_.duration);
    return {};
  }
  log::warn("worker id {} was leased to another daemon while this one stood still", taken_->lease.worker);
  ids_.let_go();
  taken_.reset();
  return take();
}

void WorkerKeeper::give_back() {
  if (!taken_) return;
  const Time ids_end = ids_.let_go();
  if (const auto status = ops::give_back_worker(store_, taken_->lease, ids_end); !status)
    log::warn("worker id {} could not be given back: {} {}", taken_->lease.worker, status.error().message,
              status.error().detail);
  taken_.reset();
}

Status WorkerKeeper::start() {
  Status status = take();
  if (!status && status.error().code == ErrorCode::conflict) return status;
  thread_ = std::thread([this, in_trouble = !status] { run(in_trouble); });
  if (!status) log::warn("no users can be created yet: {} {}", status.error().message, status.error().detail);
  return {};
}

void WorkerKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  give_back();
}

void WorkerKeeper::run(bool in_trouble) {
  pthread_setname_np(pthread_self(), "worker-keeper");
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, in_trouble ? terms_.renewed_every / 10 : terms_.renewed_every,
                         [this] { return stopping_; }))
        return;
    }
    const Status status = renew();
    if (!status && !in_trouble)
      log::warn("the worker id's lease cannot be renewed: {} {}", status.error().message,
                status.error().detail);
    if (status && in_trouble) log::info("the worker id's lease is renewed again");
    in_trouble = !status;
  }
}

}  // namespace muster::assembly
