// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands/list.hpp"
#include "cmd/connection.hpp"
#include "cmd/credentials.hpp"
#include "cmd/files.hpp"
#include "cmd/globals.hpp"
#include "cmd/printer.hpp"
#include "cmd/secrets.hpp"
#include "cmd/terminal.hpp"
#include "wire/codec.hpp"

#include <boost/json.hpp>

namespace muster::cmd {
namespace {

Result<Server> network_server(Run& run) {
  MUSTER_TRY(const Server server, run.connection.server());
  if (server.is_local_socket())
    return fail(ErrorCode::invalid_argument,
                "the local socket " + server.address +
                    " needs no login; say which server with --server or a context");
  return server;
}

Result<wire::Exit> run_log_in(Run& run) {
  MUSTER_TRY(const Server server, network_server(run));
  std::string login = run.values.get("login");
  if (login.empty()) {
    if (!run.terminal.can_ask())
      return fail(ErrorCode::invalid_argument, "login needs LOGIN: a username or email address");
    MUSTER_TRY(login, run.terminal.ask("Username or email address: "));
  }
  MUSTER_TRY(const auto password, secret_value(run, "password", true));
  run.connection.without_token();
  const std::string body =
      "{\"login\":" + wire::encode(login) + ",\"password\":" + wire::encode(*password) + "}";
  MUSTER_TRY(const std::string reply, run.connection.call_text(http::Method::post, "/v1/sessions", {}, body));
  const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  MUSTER_TRY(const Credentials credentials, credentials_from_reply(server.address, reply, now));
  MUSTER_TRY(const std::string lock_path, credentials_lock(server.address));
  FileLock lock(lock_path);
  MUSTER_CHECK_OK(lock.lock());
  MUSTER_CHECK_OK(save_credentials(credentials));
  MUSTER_CHECK_OK(run.printer.print(
      wire::Json(boost::json::object{{"session_id", credentials.session_id},
                                     {"server", credentials.server},
                                     {"username", credentials.username},
                                     {"expires_at", format_time(credentials.refresh_expires_at)}})));
  return wire::Exit::done;
}

Result<wire::Exit> run_log_out(Run& run) {
  MUSTER_TRY(const Server server, network_server(run));
  MUSTER_TRY(const auto stored, load_credentials(server.address));
  bool ended = false;
  if (stored) {
    auto answer = run.connection.call(http::Method::del, "/v1/sessions/current");
    const bool over_already = !answer && wire::entry_of(answer.error().code).exit == wire::Exit::denied;
    // Tokens that could not be revoked stay: whoever runs it again can still end the session.
    if (!answer && !over_already) return fail(std::move(answer).error());
    ended = answer.has_value();
  }
  MUSTER_TRY(const bool removed, remove_credentials(server.address));
  MUSTER_CHECK_OK(run.printer.print(wire::Json(
      boost::json::object{{"changed", removed}, {"session_ended", ended}, {"server", server.address}})));
  return wire::Exit::done;
}

}  // namespace

Command log_in() {
  Command command;
  command.noun = "login";
  command.summary = "Log in to a server over the network";
  command.help =
      "Keeps the tokens in XDG_STATE_HOME/muster (~/.local/state/muster), readable by nobody else, and gets "
      "new "
      "ones by itself until the login ends. The local socket needs no login.";
  command.arguments = {{.name = "login", .description = "Username or email address", .required = false}};
  command.options = {secret_option("password")};
  command.local = true;
  command.examples = {{"Asks for the password", "musterctl login alice --server https://muster.example.com"}};
  command.run = run_log_in;
  return command;
}

Command log_out() {
  Command command;
  command.noun = "logout";
  command.summary = "End the login's session and forget its tokens";
  command.local = true;
  command.run = run_log_out;
  return command;
}

}  // namespace muster::cmd
