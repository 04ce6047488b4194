// SPDX-License-Identifier: Apache-2.0
/// @file One request on its way through the pipeline, with all that is known of it so far. Belongs to one
/// thread at a time: first the reactor's, then perhaps a worker's.
#pragma once

#include "daemon/routes.hpp"
#include "http/message.hpp"
#include "http/server.hpp"
#include "ops/call.hpp"
#include "ports/crypto.hpp"
#include "wire/json.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace muster::daemon {

struct Exchange {
  Exchange(http::Request&& incoming, const http::Listener& from, http::Responder&& to)
      : request(std::move(incoming)), listener(from), responder(std::move(to)) {}

  http::Request request;
  const http::Listener& listener;
  http::Responder responder;
  std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();

  std::size_t step = 0;     ///< Where in the pipeline it is.
  bool may_block = false;   ///< Whether this thread may wait for the store.
  bool is_fetched = false;  ///< What the call wants was looked for, and perhaps brought.

  const Route* route = nullptr;
  PathValues path_values;  ///< Into `request`.
  ops::Call call;
  std::shared_ptr<const ports::AccessClaims> claims;  ///< Of a caller with an access token.
  bool presented_token = false;
  wire::Json input;
  http::Response response;
};

/// What a step says of how to go on.
enum class Next : std::uint8_t {
  step,    ///< The next step.
  answer,  ///< `response` is the answer.
  wait,    ///< This step must run where it may block; only said while may_block is false.
  fetch,   ///< The same, but what the call wants may be brought; then the step runs again.
};

}  // namespace muster::daemon
