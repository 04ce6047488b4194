// SPDX-License-Identifier: Apache-2.0
#include "adapters/sharded/late_store.hpp"

namespace muster::sharded {

Status LateStore::try_open() {
  const std::lock_guard trying(trying_);
  if (store()) return {};
  auto opened = open_();
  const std::lock_guard lock(mutex_);
  if (!opened) {
    reason_ = opened.error();
    return fail(reason_);
  }
  store_ = std::move(*opened);
  return {};
}

std::shared_ptr<ports::Store> LateStore::store() const {
  const std::lock_guard lock(mutex_);
  return store_;
}

Status LateStore::refusal() const {
  const std::lock_guard lock(mutex_);
  // The database's name is for the operator alone.
  return fail(Error{ErrorCode::unavailable,
                    "this part of the data cannot be reached now; try again",
                    reason_.message + " " + reason_.detail,
                    {},
                    std::chrono::seconds(1)});
}

Status LateStore::read(const ports::Home& home, const ports::Freshness& freshness,
                       const std::function<Status(ports::Unit&)>& work) {
  const auto open = store();
  return open ? open->read(home, freshness, work) : refusal();
}

Status LateStore::write(const ports::Home& home, const std::function<Status(ports::Unit&)>& work) {
  const auto open = store();
  return open ? open->write(home, work) : refusal();
}

ports::StoreHealth LateStore::health() {
  if (const auto open = store()) return open->health();
  const std::lock_guard lock(mutex_);
  return {false, "could not be opened yet: " + reason_.message};
}

ports::StoreCounters LateStore::counters() const {
  const auto open = store();
  return open ? open->counters() : ports::StoreCounters{};
}

Result<ports::Examination> LateStore::examine() {
  if (const auto open = store()) return open->examine();
  return fail(refusal().error());
}

Status LateStore::backup(const std::string& path,
                         const std::function<bool(std::int64_t, std::int64_t)>& progress) {
  const auto open = store();
  return open ? open->backup(path, progress) : refusal();
}

Status LateStore::verify_backup(const std::string& path) {
  const auto open = store();
  return open ? open->verify_backup(path) : refusal();
}

Result<std::optional<std::string>> LateStore::fact_of_backup(const std::string& path,
                                                             const std::string& name) {
  const auto open = store();
  if (!open) return fail(refusal().error());
  return open->fact_of_backup(path, name);
}

Status LateStore::maintain() {
  const auto open = store();
  return open ? open->maintain() : Status{};
}

}  // namespace muster::sharded
