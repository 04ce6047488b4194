// SPDX-License-Identifier: Apache-2.0
/// @file Replies of operations as JSON: of what run() gave, of what is remembered, of what is kept as JSON
/// already. Thread-safe.
#pragma once

#include "ops/call.hpp"
#include "ops/context.hpp"
#include "wire/codec.hpp"

#include <concepts>
#include <optional>
#include <string>

namespace muster::ops {

/// The member `version` of an object's JSON text.
std::optional<std::int64_t> version_in(std::string_view text);

template <class Reply>
std::string encode_reply(Call& call, const Reply& reply) {
  if (call.plan_reply) return *call.plan_reply;
  if constexpr (requires {
                  { reply.version } -> std::convertible_to<std::int64_t>;
                })
    call.version = call.replayed_reply ? version_in(*call.replayed_reply) : reply.version;
  if (call.replayed_reply) return *call.replayed_reply;
  return wire::encode(reply);
}

/// The reply of an operation that keeps replies as JSON, if it has one.
template <class Operation>
std::optional<Result<std::string>> encoded_reply(Context& context, Call& call,
                                                 const typename Operation::Request& request,
                                                 Patience patience) {
  if constexpr (requires { &Operation::encoded; }) {
    const auto kept = Operation::encoded(context, call, request, patience);
    if (!kept) return std::nullopt;
    if (!*kept) return fail(kept->error());
    call.version = (*kept)->version;
    return *(*kept)->json;
  } else {
    return std::nullopt;
  }
}

template <class Operation>
std::optional<Result<std::string>> reply_from_memory(Context& context, Call& call,
                                                     const typename Operation::Request& request) {
  if constexpr (requires { &Operation::run_from_memory; }) {
    const auto reply = Operation::run_from_memory(context, call, request);
    if (!reply) return std::nullopt;
    if (!*reply) return fail(reply->error());
    return encode_reply(call, **reply);
  } else {
    return encoded_reply<Operation>(context, call, request, Patience::none);
  }
}

}  // namespace muster::ops
