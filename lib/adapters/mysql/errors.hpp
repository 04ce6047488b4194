// SPDX-License-Identifier: Apache-2.0
/// @file What the error numbers of servers and of the client library mean for the store. Stateless.
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>

namespace muster::mysql {

enum class Failure : std::uint8_t {
  duplicate,    ///< A unique key.
  given_up,     ///< Deadlock, lock wait, certification: the transaction may be run again.
  lost,         ///< The connection is gone or of no more use.
  unreachable,  ///< No connection can be had now.
  unknown_host,
  untrusted,    ///< No TLS, or not with whom it should be.
  in_use,       ///< By another program that has to be alone.
  refused,      ///< User or password.
  shut_out,     ///< Whoever comes from this machine.
  unknown_way,  ///< To prove who one is.
  no_database,
  no_right,  ///< To the database or to a part of it.
  too_many,  ///< Connections or prepared statements.
  read_only,
  change_in_read,  ///< A read-only transaction tried to change something.
  full,
  too_large,
  other,
};

Failure failure_of(unsigned int number);

/// Whether the whole store is concerned, beyond the one statement.
bool concerns_store(Failure failure);

/// `detail` is for the log.
Error error_of(Failure failure, std::string detail);

}  // namespace muster::mysql
