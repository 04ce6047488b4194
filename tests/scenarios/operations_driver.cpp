// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"
#include "lib/ops/fixture.hpp"
#include "ops/catalogue.hpp"
#include "ops/tokens.hpp"
#include "scenarios/driver.hpp"
#include "wire/error_table.hpp"

#include <stdexcept>

#include <boost/json.hpp>

namespace muster::test {
namespace {

Outcome outcome_of(const Result<std::string>& reply) {
  Outcome outcome;
  if (!reply) {
    outcome.name = std::string(wire::entry_of(reply.error().code).name);
    outcome.message = reply.error().message;
    return outcome;
  }
  outcome.name = "ok";
  auto json = wire::parse_json(*reply);
  MUSTER_CHECK(json.has_value());
  outcome.data = std::move(*json);
  return outcome;
}

class OperationsDriver final : public Driver {
 public:
  explicit OperationsDriver(Shards shards) : world_(shards.count) {}

  Outcome call(std::string_view action, const boost::json::object& fields, const As& as) override {
    auto call = caller(as);
    if (!call) return outcome_of(fail(call.error()));
    boost::json::object request = fields;
    std::string_view name = action;
    if (action == "disable_user" || action == "enable_user") {
      name = "update_user";
      request["status"] = action == "disable_user" ? "disabled" : "active";
    }
    if (!as.idempotency_key.empty()) call->idempotency_key = as.idempotency_key;
    for (const ops::Operation& each : ops::operations()) {
      if (each.description->info.name != name) continue;
      if (auto quick = each.invoke_from_memory(world_.context(), *call, request)) return outcome_of(*quick);
      return outcome_of(each.invoke(world_.context(), *call, request));
    }
    throw std::logic_error("no operation " + std::string(name));
  }

  Time now() override { return world_.clock.now(); }
  void let_pass(std::chrono::seconds time) override { world_.clock.advance(time); }
  void crash() override { world_.reopen(); }

 private:
  Result<ops::Call> caller(const As& as) {
    if (as.kind == As::Kind::local_operator) return world_.as_operator();
    ops::Call call;
    call.source = "test";
    if (as.kind == As::Kind::holder) {
      MUSTER_TRY(const auto claims, world_.context().tokens.verify(as.token, *world_.context().settings()));
      call.caller = {ops::Caller::Kind::user, claims->stamp.session.user, claims->stamp.session, 0};
    }
    return call;
  }

  ops::testing::World world_;
};

}  // namespace

std::unique_ptr<Driver> make_operations_driver(Shards shards) {
  return std::make_unique<OperationsDriver>(shards);
}

}  // namespace muster::test
