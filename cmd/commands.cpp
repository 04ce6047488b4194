// SPDX-License-Identifier: Apache-2.0
#include "cmd/commands.hpp"

#include "cmd/commands/list.hpp"
#include "cmd/generic.hpp"

namespace muster::cmd {
namespace {

using Examples = std::vector<std::pair<std::string, std::string>>;

Command with(Command command, Examples examples) {
  command.examples = std::move(examples);
  return command;
}

Noun users() {
  return {"user",
          "Accounts: create, find, change, import and export them",
          {with(generic("user list"),
                {{"Disabled accounts, as CSV", "musterctl user list --status disabled --all -o csv"}}),
           with(generic("user get"), {{"By username, email address or id", "musterctl user get alice"}}),
           with(generic("user create"),
                {{"Asks for the password", "musterctl user create alice --email alice@example.com"},
                 {"In a script", "musterctl user create alice --password-file password.txt -o id"}}),
           with(generic("user update"),
                {{"Change one thing", "musterctl user update alice --display-name 'Alice Doe'"},
                 {"Remove a value", "musterctl user update alice --clear phone"}}),
           disable_user(), enable_user(),
           with(generic("user delete"), {{"Without a question", "musterctl user delete alice --yes"}}),
           generic("user set-password"), generic("user roles"), generic("user permissions"), import_users(),
           export_users()}};
}

Noun roles() {
  return {
      "role",
      "Roles, who holds them, and what they permit",
      {generic("role list"), generic("role get"),
       with(generic("role create"),
            {{"A role that inherits",
              "musterctl role create editor --permissions 'create:post,update:post' --parents reader"}}),
       generic("role update"), generic("role delete"), generic("role inherit"), generic("role disinherit"),
       with(generic("role allow"), {{"One more permission", "musterctl role allow editor delete:post"}}),
       generic("role disallow"), generic("role exclude"), generic("role unexclude"), grant_role(),
       generic("role revoke"), generic("role members"),
       with(generic("role check"), {{"Just the answer", "musterctl role check alice create:post -o id"}}),
       with(generic("role explain"),
            {{"Why, or what is missing", "musterctl role explain alice create:post"}}),
       role_impact()}};
}

Noun tokens() {
  return {"token",
          "Access and refresh tokens: look into them, revoke them",
          {generic("token inspect"), verify_token(),
           with(generic("token revoke"), {{"All of a user's, and wait until every daemon refuses them",
                                           "musterctl token revoke --user alice --wait --yes"},
                                          {"What was issued more than two hours ago",
                                           "musterctl token revoke --all --issued-before 2h --yes"}})}};
}

}  // namespace

const std::vector<Noun>& all_nouns() {
  static const std::vector<Noun> all{
      users(),
      roles(),
      {"session", "Logins that are alive", {generic("session list"), generic("session revoke")}},
      tokens(),
      {"key", "Keys that sign access tokens", {generic("key list"), generic("key rotate")}},
      {"audit", "The log of every change", {generic("audit list"), verify_audit(), export_audit()}},
      {"backup",
       "Backups of the store",
       {create_backup(), generic("backup list"), generic("backup verify"), generic("backup restore")}},
      {"job",
       "Long work in the daemon",
       {generic("job list"), generic("job get"), watch_job(), generic("job pause"), generic("job resume"),
        generic("job cancel")}},
      {"event", "Changes, as they happen", {list_events(), watch_events()}},
      {"node",
       "The daemons that serve",
       {generic("node list"), generic("node drain"), generic("node undrain")}},
      {"shard",
       "The databases that users are spread over",
       {generic("shard list"), generic("shard slots"), generic("shard skew"),
        with(generic("shard add"),
             {{"One more database", "musterctl shard add mysql://muster@db4:3306/muster4"}}),
        drain_shard(), check_shards(),
        with(generic("shard examine"), {{"What is wrong where", "musterctl shard examine -o yaml"}})}},
      {"cache",
       "Users kept nearer than the store",
       {with(generic("cache stats"), {{"What is answered where", "musterctl cache stats -o yaml"}}),
        warm_cache(), generic("cache flush"), generic("cache audit")}},
      {"config", "The daemon's configuration", {generic("config show")}},
      {"context", "Names for servers", {set_context(), use_context(), list_contexts(), delete_context()}},
      {"login", "Log in to a server over the network", {log_in()}},
      {"logout", "Log out of a server", {log_out()}},
      {"doctor", "Check that everything is as it should be", {doctor()}},
      {"completion", "Completions for a shell", {completion()}},
      {"version", "Versions of musterctl and musterd", {show_version()}}};
  return all;
}

}  // namespace muster::cmd
