// SPDX-License-Identifier: Apache-2.0
/// @file The only door to an operation: validation, permission, run, measure; audit and idempotency are in
/// Call::commit, inside the operation's transaction. Read this first.
/// Thread-safe.
#pragma once

#include "ops/call.hpp"
#include "ops/context.hpp"
#include "ops/operation.hpp"
#include "ops/replies.hpp"
#include "wire/codec.hpp"

#include <chrono>
#include <concepts>
#include <optional>
#include <string>

namespace muster::ops {

/// Whether the caller may run the operation on `subject`. Errors: unauthenticated, permission_denied, and
/// those of the store.
Status authorize(Context& context, const Call& call, const OperationInfo& info,
                 std::optional<UserId> subject);
/// The same from memory alone; nothing if memory cannot tell.
std::optional<Status> authorize_from_memory(Context& context, const Call& call, const OperationInfo& info,
                                            std::optional<UserId> subject);

template <class Request>
std::optional<UserId> subject_of(const Request& request) {
  if constexpr (requires {
                  { request.id } -> std::convertible_to<UserId>;
                })
    return request.id;
  else if constexpr (requires {
                       { request.user_id } -> std::convertible_to<UserId>;
                     })
    return request.user_id;
  else
    return std::nullopt;
}

/// The user id in that member of a request that is not valid as a whole; nothing if there is none.
std::optional<UserId> subject_in(const wire::Json& json, std::string_view member);

/// Whom a request is about, also when something else in it is wrong: who may ask is told what.
template <class Request>
std::optional<UserId> subject_of(const Result<Request>& request, const wire::Json& json) {
  if (request) return subject_of(*request);
  if constexpr (requires(const Request& each) {
                  { each.id } -> std::convertible_to<UserId>;
                })
    return subject_in(json, "id");
  else if constexpr (requires(const Request& each) {
                       { each.user_id } -> std::convertible_to<UserId>;
                     })
    return subject_in(json, "user_id");
  else
    return std::nullopt;
}

/// Records the call's measure when it goes out of scope.
class Measure {
 public:
  Measure(Context& context, std::string_view operation,
          std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now())
      : context_(context), operation_(operation), started_(started) {}
  Measure(const Measure&) = delete;
  Measure& operator=(const Measure&) = delete;
  void finish(const Error* error);

 private:
  Context& context_;
  std::string_view operation_;
  std::chrono::steady_clock::time_point started_;
};

/// The reply's JSON: the envelope's `data`.
template <class Operation>
Result<std::string> invoke(Context& context, Call& call, const wire::Json& json) {
  Measure measure(context, Operation::info.name, call.began());
  call.operation = Operation::info.name;
  auto outcome = [&]() -> Result<std::string> {
    auto request = wire::decode<typename Operation::Request>(json);
    // An unauthenticated caller learns nothing from a validation message.
    MUSTER_CHECK_OK(authorize(context, call, Operation::info, subject_of(request, json)));
    if (!request) return fail(std::move(request).error());
    if (auto kept = encoded_reply<Operation>(context, call, *request, Patience::some))
      return std::move(*kept);
    call.request_text = wire::encode(*request);
    MUSTER_TRY(const typename Operation::Reply reply, Operation::run(context, call, *request));
    return encode_reply(call, reply);
  }();
  measure.finish(outcome ? nullptr : &outcome.error());
  return outcome;
}

/// The same without touching the store; nothing when memory cannot tell.
template <class Operation>
std::optional<Result<std::string>> invoke_from_memory(Context& context, Call& call, const wire::Json& json) {
  if constexpr (
      requires { &Operation::run_from_memory; } || requires { &Operation::encoded; }) {
    Measure measure(context, Operation::info.name, call.began());
    call.operation = Operation::info.name;
    auto request = wire::decode<typename Operation::Request>(json);
    const auto allowed = authorize_from_memory(context, call, Operation::info, subject_of(request, json));
    if (!allowed) return std::nullopt;
    std::optional<Result<std::string>> outcome;
    if (!*allowed) {
      outcome = fail(allowed->error());
    } else if (!request) {
      outcome = fail(request.error());
    } else {
      outcome = reply_from_memory<Operation>(context, call, *request);
      if (!outcome) return std::nullopt;
    }
    measure.finish(*outcome ? nullptr : &outcome->error());
    return outcome;
  } else {
    return std::nullopt;
  }
}

}  // namespace muster::ops
