// SPDX-License-Identifier: Apache-2.0
/// @file Whether the database can be written now, and if not, why and whether that may pass. Shared by the
/// writer and the readers of a store. Thread-safe.
#pragma once

#include "adapters/sql/connection.hpp"
#include "ports/store.hpp"

#include <atomic>
#include <mutex>
#include <string>

namespace muster::sql {

class Health {
 public:
  [[nodiscard]] bool writable() const { return writable_.load(std::memory_order_acquire); }
  [[nodiscard]] ports::StoreHealth report() const;
  /// What a write is refused with; to be called when it is not writable.
  [[nodiscard]] Error refusal() const;

  void note(const Trouble& trouble);
  /// Takes it back, unless the trouble is lasting.
  void recovered();
  [[nodiscard]] bool may_recover() const;

 private:
  mutable std::mutex mutex_;
  std::atomic<bool> writable_{true};
  Trouble trouble_;
};

}  // namespace muster::sql
