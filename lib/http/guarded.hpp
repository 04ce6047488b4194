// SPDX-License-Identifier: Apache-2.0
/// @file What goes wrong with one connection, memory for one, ends that connection and nothing else.
/// On the connection's own thread.
#pragma once

#include "base/log.hpp"
#include "http/connection.hpp"

#include <exception>

namespace muster::http {

template <class Call>
void guarded(Connection& connection, Call&& call) {
  const auto self = connection.shared_from_this();
  try {
    call();
  } catch (const std::exception& error) {
    log::error("A connection is cut: {}", error.what());
    self->close();
  }
}

}  // namespace muster::http
