// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/readers.hpp"

namespace muster::sqlite {

Readers::Readers(std::vector<std::unique_ptr<SqliteConnection>> connections,
                 std::chrono::milliseconds wait_max, Health& health)
    : wait_max_(wait_max), health_(health) {
  for (auto& connection : connections) {
    all_.push_back(std::make_unique<Reader>(std::move(connection)));
    free_.push_back(all_.back().get());
  }
}

Readers::Reader* Readers::acquire() {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_for(lock, wait_max_, [this] { return !free_.empty(); })) return nullptr;
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

Status Readers::read(const std::function<Status(ports::Unit&)>& work) {
  Reader* const reader = acquire();
  if (reader == nullptr)
    return fail(Error{
        ErrorCode::overloaded, "too many reads are running; try again", {}, {}, std::chrono::seconds(1)});
  ++reads_;
  Status status = reader->connection->begin();
  if (status) {
    status = sql::guarded([&] { return work(reader->unit); });
    reader->unit.forget();
    reader->connection->rollback();
  }
  if (const auto trouble = reader->connection->take_trouble(); trouble && trouble->lasting)
    health_.note(*trouble);
  give_back(*reader);
  return status;
}

void Readers::release_memory() {
  std::vector<Reader*> idle;
  {
    const std::lock_guard lock(mutex_);
    idle.swap(free_);
  }
  for (Reader* reader : idle) {
    reader->connection->release_memory();
    give_back(*reader);
  }
}

}  // namespace muster::sqlite
