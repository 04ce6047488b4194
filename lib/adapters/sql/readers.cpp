// SPDX-License-Identifier: Apache-2.0
#include "adapters/sql/readers.hpp"

namespace muster::sql {
namespace {

thread_local int turns_of_this_thread = 0;

}  // namespace

Readers::Readers(std::vector<std::unique_ptr<TransactionalConnection>> connections,
                 std::chrono::milliseconds wait_max, Health& health, std::shared_ptr<Turns> turns)
    : wait_max_(wait_max),
      health_(health),
      turns_(turns ? std::move(turns) : std::make_shared<Turns>(connections.size())) {
  for (auto& connection : connections) all_.push_back(std::make_unique<Reader>(std::move(connection)));
}

Readers::~Readers() {
  for (std::size_t turn = 0; turn < all_.size(); ++turn) {
    turns_->take_one(turn);
    all_[turn].reset();
    turns_->give_back(turn);
  }
}

Readers::Reader* Readers::acquire(std::size_t& turn) {
  const Holding holding = turns_of_this_thread > 0 ? Holding::a_turn : Holding::nothing;
  auto taken = turns_->take(std::chrono::milliseconds(0), holding);
  if (!taken) {
    const auto began = std::chrono::steady_clock::now();
    taken = turns_->take(wait_max_, holding);
    ++waits_;
    waited_microseconds_ +=
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began)
            .count();
    if (!taken) return nullptr;
  }
  turn = *taken;
  ++turns_of_this_thread;
  ++in_use_;
  ++reads_;
  return all_[turn].get();
}

void Readers::give_back(std::size_t turn) {
  --in_use_;
  --turns_of_this_thread;
  turns_->give_back(turn);
}

Status Readers::read(const std::function<Status(ports::Unit&)>& work, ports::View view) {
  std::size_t turn = 0;
  Reader* const reader = acquire(turn);
  if (reader == nullptr)
    return fail(Error{
        ErrorCode::overloaded, "too many reads are running; try again", {}, {}, std::chrono::seconds(1)});
  Status status = run(*reader, work, view);
  if (const auto trouble = reader->connection->take_trouble()) health_.note(*trouble);
  give_back(turn);
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
  std::size_t turn = 0;
  Reader* const reader = acquire(turn);
  if (reader == nullptr) return {};
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
  give_back(turn);
  return outcome;
}

void Readers::rest(std::size_t kept) {
  const std::vector<std::size_t> idle = turns_->take_idle(kept);
  for (const std::size_t turn : idle) all_[turn]->connection->rest();
  turns_->give_back_idle(idle);
}

Readers::Counts Readers::counts() const {
  return {reads_,  waits_,         std::chrono::microseconds(waited_microseconds_),
          in_use_, turns_->idle(), all_.size()};
}

}  // namespace muster::sql
