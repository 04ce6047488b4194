// SPDX-License-Identifier: Apache-2.0
/// @file Questions to one server that no thread waits for: those asked during a turn of the thread's loop, or
/// while others are under way, go together, and whoever asked is told when its answer has come. The busier it
/// is, the fewer journeys a question costs; alone it waits for nobody. Belongs to the loop's thread.
#pragma once

#include "adapters/redis/errands.hpp"
#include "adapters/redis/node.hpp"
#include "loop/loop.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::redis {

/// Who asked and went on. Destroyed untold, it is told by nobody any more.
class Asker {
 public:
  Asker() = default;
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  virtual ~Asker() = default;

  /// Nothing where there is no reply in time, or an error. Called once, by the thread that asked; it must not
  /// wait for anything.
  virtual void take(std::optional<Reply> reply) = 0;
};

class Courier final : public loop::Guest, loop::Watched {
 public:
  Courier(loop::Loop& loop, std::shared_ptr<Node> node, Errands& errands);
  ~Courier() override;

  /// False, and the asker stays with the caller, when too many wait, the server is left out, or there is no
  /// connection that can be used without waiting.
  bool post(std::span<const std::string_view> words, std::unique_ptr<Asker>& asker);

 private:
  using Askers = std::vector<std::unique_ptr<Asker>>;

  void on_turn_end() override;
  bool on_tick() override;
  void on_event(std::uint32_t events) override;
  bool has_link();
  void send();
  void receive();
  void tell(std::optional<Reply> reply);
  void arrive();
  void lose(const Error& error);
  void drop_link();
  void watch(std::uint32_t wanted);

  loop::Loop& loop_;
  const std::shared_ptr<Node> node_;
  Errands& errands_;
  std::unique_ptr<Link> link_;
  std::uint32_t watched_ = 0;

  std::string gathered_text_;
  Askers gathered_;
  std::string text_;  ///< Of the journey that is under way, as its askers are.
  std::size_t sent_size_bytes_ = 0;
  Askers under_way_;
  std::size_t told_ = 0;
  std::vector<Reply> replies_;
  loop::Loop::TimePoint departed_;
  loop::Loop::TimePoint last_used_;
};

}  // namespace muster::redis
