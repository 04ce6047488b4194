// SPDX-License-Identifier: Apache-2.0
/// @file A store that runs each unit of work twice, as one does whose database gave the first transaction up:
/// the first run is undone. So every test of an operation shows that its units can be run again.
#pragma once

#include "support/passing_store.hpp"

#include <memory>
#include <utility>

namespace muster::ops::testing {

class RepeatingStore final : public muster::test::PassingStore {
 public:
  explicit RepeatingStore(std::unique_ptr<ports::Store> store) : PassingStore(std::move(store)) {}

  using ports::Store::write;
  Status write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) override {
    return PassingStore::write(home, [&](ports::Unit& unit) -> Status {
      const Status undone = unit.attempt([&]() -> Status {
        static_cast<void>(work(unit));
        return fail(ErrorCode::conflict, "the first run");
      });
      if (undone) return fail(ErrorCode::internal, "the first run was kept");
      return work(unit);
    });
  }
};

}  // namespace muster::ops::testing
