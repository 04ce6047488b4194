// SPDX-License-Identifier: Apache-2.0
/// @file Commands made from an operation's own declaration: its path fields and required fields are
/// positional arguments, the others options; the reply is printed. What most of musterctl is.
#pragma once

#include "cmd/command.hpp"
#include "cmd/connection.hpp"
#include "cmd/printer.hpp"
#include "ops/operation.hpp"
#include "wire/schema.hpp"

#include <string>
#include <string_view>

namespace muster::ops {
struct OperationDescription;
}

namespace muster::cmd {

/// The operation whose `command` is this ("role grant"). It must exist: a programming error otherwise.
const ops::OperationDescription& operation_of(std::string_view command);

/// The command for it.
Command generic(std::string_view command);

/// A request made ready to be sent.
struct Prepared {
  http::Method method = http::Method::get;
  std::string path;
  Query query;
  std::optional<std::string> body;
  std::string subject;  ///< What to type to confirm a destructive one.
};

/// Looks up users, reads secrets, turns text into values. Errors: invalid_argument, not_found, ...
Result<Prepared> prepare(Run& run, const ops::OperationDescription& operation);
/// Asks if it is destructive, sends it, with --dry-run and --plan-hash as they were given.
Result<wire::Json> perform(Run& run, const ops::OperationDescription& operation, const Prepared& prepared);

/// Exit status of what perform() gave: `differs` for a dry run that would change something.
wire::Exit exit_of(const Run& run, const wire::Json& data);

/// The columns of an operation's list, or of its reply.
Columns columns_of(const ops::OperationDescription& operation);

/// The id of the user that `text` names by id, username or email address; "me" stays. Error: not_found.
Result<std::string> user_id_of(Connection& connection, const std::string& text);

/// Makes sure that somebody wants this. Error: precondition_failed.
Status confirm(Run& run, const std::string& what, const std::string& subject);

/// Prints every page, following next_cursor. `query` without cursor.
Result<wire::Exit> print_all_pages(Run& run, const std::string& path, Query query, const Columns& columns);

}  // namespace muster::cmd
