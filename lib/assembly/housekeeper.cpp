// SPDX-License-Identifier: Apache-2.0
#include "assembly/housekeeper.hpp"

#include "base/log.hpp"
#include "ops/context.hpp"
#include "ops/housekeeping.hpp"

#include <chrono>
#include <string>

#include <pthread.h>

namespace muster::assembly {
namespace {

constexpr std::chrono::seconds interval{3};

}  // namespace

void Housekeeper::start() {
  thread_ = std::thread([this] { run(); });
}

void Housekeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status Housekeeper::tidy() {
  try {
    return ops::tidy_once(context_);
  } catch (const std::exception& error) {
    return fail(ErrorCode::internal, error.what());
  }
}

void Housekeeper::run() {
  pthread_setname_np(pthread_self(), "housekeeper");
  std::string last_trouble;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, interval, [this] { return stopping_; })) return;
    }
    const auto status = tidy();
    // A full disk would otherwise say the same thing every few seconds.
    const std::string trouble = status ? std::string() : status.error().message;
    if (trouble != last_trouble) {
      if (!status)
        log::warn("housekeeping cannot go on: {} {}", trouble, status.error().detail);
      else
        log::info("housekeeping goes on");
      last_trouble = trouble;
    }
  }
}

}  // namespace muster::assembly
