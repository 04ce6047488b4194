// SPDX-License-Identifier: Apache-2.0
/// @file The thread that does now and then what must be done while the daemon runs (ops/housekeeping.hpp).
/// start and stop are for one thread.
#pragma once

#include "base/result.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace muster::ops {
struct Context;
}

namespace muster::assembly {

class Housekeeper {
 public:
  explicit Housekeeper(ops::Context& context) : context_(context) {}
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;
  ~Housekeeper() { stop(); }

  void start();
  void stop();

 private:
  Status tidy();
  void run();

  ops::Context& context_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace muster::assembly
