// SPDX-License-Identifier: Apache-2.0
#include "lib/adapters/sqlite/database.hpp"
#include "model/audit.hpp"
#include "model/user.hpp"
#include "ports/security_store.hpp"
#include "ports/user_store.hpp"

#include <random>
#include <set>
#include <thread>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::sqlite::test {
namespace {

constexpr int rounds = 20;
constexpr int threads_in_child = 6;
constexpr std::int64_t ids_in_a_round = 10'000'000;

Status create_user(ports::Store& store, std::int64_t id) {
  return store.write([id](ports::Unit& unit) -> Status {
    model::User user;
    user.id = UserId{id};
    user.username = "user" + std::to_string(id);
    user.email = user.username + "@example.org";
    MUSTER_CHECK_OK(
        unit.users().create(user, user.username, model::Credential{Secret{std::string("$h$")}, {}}));
    model::AuditRecord record;
    record.actor = "system";
    record.operation = "create_user";
    record.target = "user:" + std::to_string(id);
    return unit.audit().append(record);
  });
}

/// Writes users for ever and acknowledges each, after the store has, with its id on the pipe.
[[noreturn]] void write_for_ever(const SqliteOptions& options, std::int64_t first_id, int pipe) {
  auto opened = open(options);
  if (!opened) ::_exit(3);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < threads_in_child; ++thread)
    threads.emplace_back([&, thread] {
      for (std::int64_t id = first_id + thread;; id += threads_in_child) {
        if (!create_user(**opened, id)) ::_exit(4);
        if (::write(pipe, &id, sizeof id) != sizeof id) ::_exit(5);
      }
    });
  for (std::thread& thread : threads) thread.join();
  ::_exit(6);
}

/// What a child acknowledged until it was killed, after a random number of acknowledgements and a little
/// more.
std::vector<std::int64_t> run_and_kill(const SqliteOptions& options, std::int64_t first_id,
                                       std::mt19937& random) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    write_for_ever(options, first_id, ends[1]);
  }
  ::close(ends[1]);
  std::vector<std::int64_t> acknowledged;
  const std::size_t wanted = 1 + random() % 200;
  std::int64_t id = 0;
  while (acknowledged.size() < wanted && ::read(ends[0], &id, sizeof id) == sizeof id)
    acknowledged.push_back(id);
  ::usleep(static_cast<useconds_t>(random() % 3000));
  ::kill(child, SIGKILL);
  while (::read(ends[0], &id, sizeof id) == sizeof id) acknowledged.push_back(id);
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(acknowledged.size() >= wanted);
  return acknowledged;
}

Result<bool> chain_holds(ports::Unit& unit) {
  std::string previous;
  std::int64_t seq = 0;
  for (;;) {
    MUSTER_TRY(const auto records, unit.audit().list({}, seq, 500));
    for (const auto& record : records) {
      if (record.seq != seq + 1 || record.hash != unit.audit().chain_hash(previous, record)) return false;
      seq = record.seq;
      previous = record.hash;
    }
    if (records.size() < 500) break;
  }
  MUSTER_TRY(const auto head, unit.audit().head());
  return head == std::pair(seq, previous);
}

}  // namespace

TEST_CASE("kill -9 at random moments loses nothing that was acknowledged") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  std::mt19937 random(std::random_device{}());
  std::set<std::int64_t> acknowledged;
  for (int round = 0; round < rounds; ++round) {
    INFO("round " << round);
    for (const std::int64_t id : run_and_kill(options, 1 + round * ids_in_a_round, random))
      acknowledged.insert(id);
    const auto store = open_store(options);
    std::int64_t missing = 0;
    std::int64_t users = 0;
    std::int64_t records = 0;
    bool chain = false;
    const Status status = store->read([&](ports::Unit& unit) -> Status {
      for (const std::int64_t id : acknowledged) {
        MUSTER_TRY(const auto user, unit.users().find_by_email("user" + std::to_string(id) + "@example.org"));
        MUSTER_TRY(const auto credential, unit.users().credential(UserId{id}));
        if (!user || user->id.value != id || !credential) ++missing;
      }
      MUSTER_TRY(users, unit.users().count());
      MUSTER_TRY(const auto head, unit.audit().head());
      records = head.first;
      MUSTER_TRY(chain, chain_holds(unit));
      return {};
    });
    REQUIRE(status);
    CHECK(missing == 0);
    CHECK(chain);
    // Each unit is there whole or not at all.
    CHECK(users == records);
    CHECK(users >= static_cast<std::int64_t>(acknowledged.size()));
  }
}

}  // namespace muster::sqlite::test
