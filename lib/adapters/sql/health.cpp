// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/health.hpp"

#include "base/log.hpp"

namespace muster::sql {

ports::StoreHealth Health::report() const {
  const std::lock_guard lock(mutex_);
  if (writable_) return {};
  return {false, trouble_.error.message};
}

Error Health::refusal() const {
  const std::lock_guard lock(mutex_);
  Error error = trouble_.error;
  error.code = ErrorCode::unavailable;
  error.retry_after = std::chrono::seconds(1);
  return error;
}

void Health::note(const Trouble& trouble) {
  const std::lock_guard lock(mutex_);
  // Damage is not forgotten for a full disk.
  if (!writable_ && trouble_.lasting) return;
  if (writable_ || trouble.error.message != trouble_.error.message)
    log::error("the store cannot be written now: {}: {}", trouble.error.message, trouble.error.detail);
  trouble_ = trouble;
  writable_.store(false, std::memory_order_release);
}

void Health::recovered() {
  const std::lock_guard lock(mutex_);
  if (writable_ || trouble_.lasting) return;
  writable_.store(true, std::memory_order_release);
  log::info("the store is writable again");
}

bool Health::may_recover() const {
  const std::lock_guard lock(mutex_);
  return !writable_ && !trouble_.lasting;
}

}  // namespace muster::sql
