// SPDX-License-Identifier: Apache-2.0
/// @file Has a worker id for as long as the daemon runs: takes one, renews it in the background, takes
/// another when it was lost, gives it back at the end. start, stop and the other calls are for one thread.
#pragma once

#include "adapters/system/leased_ids.hpp"
#include "ops/worker_lease.hpp"
#include "ports/clock.hpp"
#include "ports/store.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace muster::assembly {

class WorkerKeeper {
 public:
  /// `owner` is told to operators.
  WorkerKeeper(ports::Store& store, ports::Clock& clock, system::LeasedIds& ids, std::string owner,
               ops::LeaseTerms terms = {});
  WorkerKeeper(const WorkerKeeper&) = delete;
  WorkerKeeper& operator=(const WorkerKeeper&) = delete;
  ~WorkerKeeper() { stop(); }

  /// take(), and then renew() now and then in a thread. Error: conflict, when all are leased. A store that
  /// fails now may recover: until then no ids are given out.
  Status start();
  void stop();

  Status take();
  Status renew();
  void give_back();

 private:
  void run(bool in_trouble);

  ports::Store& store_;
  ports::Clock& clock_;
  system::LeasedIds& ids_;
  std::string owner_;
  ops::LeaseTerms terms_;
  std::optional<ops::TakenWorker> taken_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace muster::assembly
