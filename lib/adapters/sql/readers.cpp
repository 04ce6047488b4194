// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/readers.hpp"

#include <algorithm>

namespace muster::sql {

Readers::Readers(std::vector<std::unique_ptr<TransactionalConnection>> connections,
                 std::chrono::milliseconds wait_max, Health& health)
    : wait_max_(wait_max), health_(health) {
  for (auto& connection : connections) {
    all_.push_back(std::make_unique<Reader>(std::move(connection)));
    free_.push_back(all_.back().get());
  }
}

Readers::Reader* Readers::acquire() {
  std::unique_lock lock(mutex_);
  if (free_.empty()) {
    const auto began = std::chrono::steady_clock::now();
    const bool freed = freed_.wait_for(lock, wait_max_, [this] { return !free_.empty(); });
    ++waits_;
    waited_ +=
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
    if (!freed) return nullptr;
  }
  // The one used last has the warmest cache.
  Reader* const reader = free_.back();
  free_.pop_back();
  return reader;
}

void Readers::give_back(Reader& reader) {
  const std::lock_guard lock(mutex_);
  free_.push_back(&reader);
  freed_.notify_one();
}

Status Readers::read(const std::function<Status(ports::Unit&)>& work, ports::View view) {
  Reader* const reader = acquire();
  if (reader == nullptr)
    return fail(Error{
        ErrorCode::overloaded, "too many reads are running; try again", {}, {}, std::chrono::seconds(1)});
  ++reads_;
  Status status = run(*reader, work, view);
  if (const auto trouble = reader->connection->take_trouble()) health_.note(*trouble);
  give_back(*reader);
  return status;
}

Status Readers::run(Reader& reader, const std::function<Status(ports::Unit&)>& work, ports::View view) {
  MUSTER_CHECK_OK(reader.connection->begin_reading(view));
  Status status = guarded([&] { return work(reader.unit); });
  reader.unit.forget();
  reader.connection->rollback();
  return status;
}

Readers::Outcome Readers::try_read(const std::function<Status(ports::Unit&)>& work,
                                   const ports::Freshness& freshness) {
  Reader* const reader = acquire();
  if (reader == nullptr) return {};
  ++reads_;
  bool reached = true;
  // What a connection has seen once it sees ever after, whether in one snapshot or not.
  const std::function<Status(ports::Unit&)> checked = [&](ports::Unit& unit) -> Status {
    for (const ports::SlotPosition& position : freshness.at_least) {
      MUSTER_TRY(reached, reader->connection->has_reached(position));
      if (!reached) return {};
    }
    return work(unit);
  };
  Status status = run(*reader, checked, freshness.view);
  Outcome outcome;
  outcome.trouble = reader->connection->take_trouble();
  if (reached && !outcome.trouble) outcome.status = std::move(status);
  give_back(*reader);
  return outcome;
}

void Readers::rest(std::size_t kept) {
  std::vector<Reader*> idle;
  {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<std::ptrdiff_t>(free_.size() - std::min(kept, free_.size()));
    idle.assign(free_.begin(), free_.begin() + count);
    free_.erase(free_.begin(), free_.begin() + count);
  }
  for (Reader* reader : idle) reader->connection->rest();
  const std::lock_guard lock(mutex_);
  free_.insert(free_.begin(), idle.begin(), idle.end());
  freed_.notify_all();
}

Readers::Counts Readers::counts() const {
  const std::lock_guard lock(mutex_);
  return {reads_, waits_, waited_, all_.size() - free_.size()};
}

}  // namespace muster::sql
