// SPDX-License-Identifier: Apache-2.0
/// @file What an operation declares about itself. An operation is a struct
///
///     struct GetRole {
///       struct Request { ...; static constexpr auto fields(); };
///       using Reply = model::Role;
///       static constexpr OperationInfo info{.name = "get_role", ...};
///       static Result<Reply> run(Context&, Call&, const Request&);
///       // optional, for Lane::memory: the answer if memory has it, else nothing
///       static std::optional<Result<Reply>> run_from_memory(Context&, Call&, const Request&);
///       // optional, where replies are kept as JSON: nothing if none is, then run() is asked
///       static std::optional<Result<EncodedReply>> encoded(Context&, Call&, const Request&, Patience);
///     };
///
/// named in list.hpp. HTTP routes, JSON, OpenAPI, CLI options, man pages, audit and metric names are made
/// from it.
#pragma once

#include <cstdint>
#include <string_view>

namespace muster::ops {

enum class Lane : std::uint8_t {
  memory,   ///< Tried on the reactor with run_from_memory or encoded; if that has no answer, as worker.
  worker,   ///< May touch the store.
  hashing,  ///< Verifies or makes a password hash.
};

inline constexpr std::string_view nobody_needs_anything = "-";

struct OperationInfo {
  std::string_view name = {};     ///< snake_case: metric label and audit name.
  std::string_view summary = {};  ///< One sentence without a full stop, imperative: "Grant a role to a user".
  std::string_view method = {};   ///< "GET", "POST", "PUT", "PATCH", "DELETE".
  /// "/v1/users/{id}/roles/{role}": {x} is the request's field x. The other fields come from the query for
  /// GET and DELETE, else from the JSON body.
  std::string_view path = {};
  /// The permission code; empty: any authenticated caller; nobody_needs_anything: open to all.
  std::string_view needs = {};
  /// The request's `id` (or `user_id`) may be the caller's own without the permission.
  bool own_allowed = false;
  unsigned http_status = 200;
  Lane lane = Lane::worker;
  std::string_view command = {};  ///< "role grant"; empty: no command of its own.
  bool destructive = false;       ///< musterctl asks before it.
  std::string_view help = {};     ///< Longer text for man page and OpenAPI; may be empty.
};

template <class... Operations>
struct OperationList {};

}  // namespace muster::ops
