// SPDX-License-Identifier: Apache-2.0
#include "adapters/mysql/errors.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace muster::mysql {
namespace {

struct Meaning {
  unsigned int number;
  Failure failure;
};

// By number, for servers and libraries differ in the names they have for them.
constexpr std::array<Meaning, 59> meanings{{
    {1062, Failure::duplicate},       // duplicate entry
    {1586, Failure::duplicate},       // duplicate entry, with the key's name
    {1213, Failure::given_up},        // deadlock; also a certification conflict of a cluster
    {1205, Failure::given_up},        // lock wait timeout
    {1020, Failure::given_up},        // the row has changed since it was read
    {1614, Failure::given_up},        // deadlock, of a distributed transaction
    {2006, Failure::lost},            // server has gone away
    {2013, Failure::lost},            // lost connection
    {2014, Failure::lost},            // commands out of sync
    {2027, Failure::lost},            // malformed packet
    {2055, Failure::lost},            // lost connection, with the system's reason
    {1053, Failure::lost},            // server shutdown in progress
    {1080, Failure::lost},            // forced close of a thread
    {1158, Failure::lost},            // network: read error
    {1159, Failure::lost},            // network: read timeout
    {1160, Failure::lost},            // network: write error
    {1161, Failure::lost},            // network: write timeout
    {1317, Failure::lost},            // query interrupted
    {1243, Failure::lost},            // unknown prepared statement
    {1927, Failure::lost},            // connection was killed
    {3024, Failure::lost},            // execution time exceeded
    {4031, Failure::lost},            // closed for inactivity
    {2002, Failure::unreachable},     // cannot connect through a socket
    {2003, Failure::unreachable},     // cannot connect
    {2005, Failure::unknown_host},    // unknown host
    {2012, Failure::unreachable},     // error in the handshake
    {2026, Failure::untrusted},       // TLS
    {1042, Failure::unreachable},     // bad host
    {1043, Failure::unreachable},     // bad handshake
    {1047, Failure::unreachable},     // the node of a cluster is not ready
    {1129, Failure::shut_out},        // host is blocked
    {1044, Failure::no_right},        // access denied to the database
    {1045, Failure::refused},         // access denied
    {1049, Failure::no_database},     // unknown database
    {1130, Failure::shut_out},        // host may not connect
    {1142, Failure::no_right},        // command denied
    {1227, Failure::no_right},        // a privilege is needed
    {1251, Failure::unknown_way},     // authentication protocol
    {1524, Failure::unknown_way},     // authentication plugin
    {1698, Failure::refused},         // access denied without a password
    {2059, Failure::unknown_way},     // authentication plugin cannot be loaded
    {2061, Failure::unknown_way},     // authentication plugin
    {1040, Failure::too_many},        // too many connections
    {1203, Failure::too_many},        // too many connections of the user
    {1226, Failure::too_many},        // the user's limit
    {1461, Failure::too_many},        // too many prepared statements
    {1290, Failure::read_only},       // the server runs with --read-only
    {1836, Failure::read_only},       // read-only mode
    {3100, Failure::read_only},       // super read-only
    {1792, Failure::change_in_read},  // in a read-only transaction
    {28, Failure::full},              // no space left
    {1021, Failure::full},            // disk full
    {1026, Failure::full},            // error writing a file
    {1030, Failure::full},            // error from the storage engine
    {1114, Failure::full},            // table is full
    {1153, Failure::too_large},       // packet too large
    {1301, Failure::too_large},       // result too large
    {1406, Failure::too_large},       // data too long
    {2020, Failure::too_large},       // packet too large
}};

Error unavailable(std::string message, std::string detail) {
  return Error{ErrorCode::unavailable, std::move(message), std::move(detail), {}, std::chrono::seconds(1)};
}

}  // namespace

Failure failure_of(unsigned int number) {
  const auto* const found = std::find_if(meanings.begin(), meanings.end(),
                                         [&](const Meaning& each) { return each.number == number; });
  return found == meanings.end() ? Failure::other : found->failure;
}

bool concerns_store(Failure failure) {
  switch (failure) {
    case Failure::unreachable:
    case Failure::unknown_host:
    case Failure::untrusted:
    case Failure::in_use:
    case Failure::refused:
    case Failure::shut_out:
    case Failure::unknown_way:
    case Failure::no_database:
    case Failure::no_right:
    case Failure::too_many:
    case Failure::read_only:
    case Failure::full:
      return true;
    default:
      return false;
  }
}

Error error_of(Failure failure, std::string detail) {
  switch (failure) {
    case Failure::duplicate:
      return Error{ErrorCode::already_exists, "already exists", std::move(detail), {}, {}};
    case Failure::given_up:
      return unavailable("others are changing the same data; try again", std::move(detail));
    case Failure::lost:
      return unavailable("the connection to the database was lost; try again", std::move(detail));
    case Failure::unreachable:
      return unavailable("the database cannot be reached; try again", std::move(detail));
    case Failure::unknown_host:
      return unavailable("the name of the database's host is not known: mend it, or the resolver",
                         std::move(detail));
    case Failure::untrusted:
      return unavailable(
          "no secure connection to the database: TLS failed, or its certificate is not trusted",
          std::move(detail));
    case Failure::in_use:
      return unavailable("the database is in use by another musterd", std::move(detail));
    case Failure::refused:
      return unavailable("the database server refuses the user or the password", std::move(detail));
    case Failure::shut_out:
      return unavailable(
          "the database server lets nobody in from this machine: allow its user to come from here, or, after "
          "too many failed connections, FLUSH HOSTS there",
          std::move(detail));
    case Failure::unknown_way:
      return unavailable("the database server asks for a kind of authentication that is not known here",
                         std::move(detail));
    case Failure::no_database:
      return unavailable("the database server has no such database: create it, or mend its name",
                         std::move(detail));
    case Failure::no_right:
      return unavailable(
          "the user may not do this in the database: create it if it is not there, and grant the user all "
          "rights on it",
          std::move(detail));
    case Failure::too_many:
      return unavailable("the database server has no connection left (max_connections there); try again",
                         std::move(detail));
    case Failure::read_only:
      return unavailable("the database is read-only", std::move(detail));
    case Failure::full:
      return unavailable("the disk that holds the database is full; free some space", std::move(detail));
    case Failure::too_large:
      return Error{ErrorCode::too_large, "a value is too large", std::move(detail), {}, {}};
    case Failure::change_in_read:
    case Failure::other:
      break;
  }
  return Error{ErrorCode::internal, "internal error", std::move(detail), {}, {}};
}

}  // namespace muster::mysql
