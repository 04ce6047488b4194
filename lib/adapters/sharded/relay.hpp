// SPDX-License-Identifier: Apache-2.0
/// @file Passes on to the catalog what units of other databases recorded for it: their audit records, each
/// into the chain exactly once. A record is in its unit's transaction; the catalog notes what it took in the
/// transaction that takes it; only then is it removed where it was. A thread of its own, which also ends what
/// claims of names were left pending. Thread-safe.
#pragma once

#include "adapters/sharded/layout.hpp"
#include "model/audit.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace muster::sharded {

/// How a record is kept until it is passed on. Error of read: internal (it is damaged).
std::string write_record(const model::AuditRecord& record);
Result<model::AuditRecord> read_record(const std::string& text);

class Relay {
 public:
  using LayoutNow = std::function<std::shared_ptr<const Layout>()>;

  /// `tend` is called from time to time with the current layout, on the relay's thread.
  Relay(LayoutNow layout, std::function<void(const Layout&)> tend);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  /// Something was recorded.
  void notify();
  /// Returns once everything that was recorded before the call has been passed on, as far as its database can
  /// be reached, or after a few seconds.
  void flush();

 private:
  void loop();
  /// False: something is left.
  static bool pass_everything(const Layout& layout);

  const LayoutNow layout_;
  const std::function<void(const Layout&)> tend_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::uint64_t asked_ = 1;  ///< The first pass takes what an earlier process left.
  std::uint64_t passed_ = 0;
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace muster::sharded
