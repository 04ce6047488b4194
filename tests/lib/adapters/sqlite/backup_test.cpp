// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/driver.hpp"
#include "lib/adapters/sqlite/database.hpp"
#include "model/audit.hpp"
#include "ports/security_store.hpp"

#include <atomic>
#include <filesystem>
#include <thread>

namespace muster::sqlite::test {
namespace {

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Status append_records(ports::Store& store, int count) {
  return store.write([count](ports::Unit& unit) -> Status {
    for (int i = 0; i < count; ++i) {
      model::AuditRecord record;
      record.actor = "system";
      record.operation = "op" + std::to_string(i);
      MUSTER_CHECK_OK(unit.audit().append(record));
    }
    return {};
  });
}

std::size_t files_in(const Folder& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++count;
  return count;
}

}  // namespace

TEST_CASE("a backup taken while writes go on is whole, is checked, and opens as a database") {
  const Folder folder;
  const Folder target;
  const auto store = open_store(options_for(folder));
  REQUIRE(append_records(*store, 3000));
  for (int i = 0; i < 50; ++i) REQUIRE(put(*store, "before" + std::to_string(i), std::string(10'000, 'x')));
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  std::thread writer([&] {
    while (!stop)
      if (put(*store, "during" + std::to_string(written), "x")) ++written;
  });
  std::int64_t last_done = 0;
  std::int64_t last_total = 0;
  const std::string path = target.file("backup.db");
  const Status status = store->backup(path, [&](std::int64_t done, std::int64_t total) {
    CHECK(done >= last_done);
    last_done = done;
    last_total = total;
    return true;
  });
  const int written_during = written;
  stop = true;
  writer.join();
  REQUIRE(status);
  CHECK(written_during >= 0);
  CHECK(last_done == last_total);
  CHECK(last_total > 100);
  CHECK(files_in(target) == 1);
  CHECK(store->verify_backup(path));
  CHECK(files_in(target) == 1);
  SqliteOptions copy;
  copy.path = path;
  const auto restored = open_store(copy);
  for (int i = 0; i < 50; ++i) CHECK(get(*restored, "before" + std::to_string(i)));
}

TEST_CASE("a backup never replaces a file, and one that is cancelled leaves none") {
  const Folder folder;
  const Folder target;
  const auto store = open_store(options_for(folder));
  REQUIRE(put(*store, "a", std::string(2'000'000, 'x')));
  const std::string path = target.file("backup.db");
  write_file(path, "mine");
  const Status there = store->backup(path, nullptr);
  REQUIRE_FALSE(there);
  CHECK(there.error().code == ErrorCode::already_exists);
  CHECK(read_file(path) == "mine");
  const Status cancelled = store->backup(target.file("other.db"), [](auto, auto) { return false; });
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().code == ErrorCode::conflict);
  CHECK(files_in(target) == 1);
  for (const std::string& wrong : {std::string(), target.file("none/backup.db"), target.path() + "/"}) {
    const Status status = store->backup(wrong, nullptr);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a damaged backup, a foreign file and a broken audit chain are found out") {
  const Folder folder;
  const auto store = open_store(options_for(folder));
  REQUIRE(append_records(*store, 1500));
  const std::string path = folder.file("backup.db");
  REQUIRE(store->backup(path, nullptr));
  REQUIRE(store->verify_backup(path));
  const std::string good = read_file(path);
  const auto refusal = [&]() {
    const Status status = store->verify_backup(path);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::conflict);
    CHECK(mentions(status.error().message, path));
    return status.error().message;
  };
  std::string bytes = good;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2), bytes.end(), '\x5a');
  write_file(path, bytes);
  refusal();
  write_file(path, good.substr(0, good.size() / 2));
  refusal();
  write_file(path, "not a database at all");
  refusal();
  write_file(path, "");
  refusal();
  for (const char* change :
       {"UPDATE audit SET actor = 'other' WHERE seq = 700", "DELETE FROM audit WHERE seq = 700"}) {
    write_file(path, good);
    {
      auto connection = SqliteConnection::open(path, ConnectionKind::writer, 1000, 2000);
      REQUIRE(connection);
      REQUIRE((*connection)->execute(change));
    }
    CHECK(mentions(refusal(), "audit chain is broken at record 700"));
  }
  const Status missing = store->verify_backup(folder.file("none"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::not_found);
}

TEST_CASE("a restored backup takes the database's place, which stays beside it") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  const std::string backup = folder.file("backup.db");
  {
    const auto store = open_store(options);
    REQUIRE(put(*store, "state", "at backup"));
    REQUIRE(store->backup(backup, nullptr));
    REQUIRE(put(*store, "state", "after backup"));
    const Status in_use = install_backup(backup, options.path);
    REQUIRE_FALSE(in_use);
    CHECK(in_use.error().code == ErrorCode::unavailable);
    CHECK(mentions(in_use.error().message, "in use"));
  }
  REQUIRE(install_backup(backup, options.path));
  // As after a crash that came before anybody noted it.
  REQUIRE(install_backup(backup, options.path));
  CHECK(get(*open_store(options), "state") == "at backup");
  SqliteOptions before = options;
  before.path = options.path + ".before-restore";
  CHECK(get(*open_store(before), "state") == "after backup");

  write_file(backup, "damaged");
  CHECK_FALSE(install_backup(backup, options.path));
  CHECK(get(*open_store(options), "state") == "at backup");
}

TEST_CASE("a backup is restored where there was no database") {
  const Folder folder;
  const std::string backup = folder.file("backup.db");
  {
    const auto store = open_store(options_for(folder));
    REQUIRE(put(*store, "a", "1"));
    REQUIRE(store->backup(backup, nullptr));
  }
  const Folder other;
  REQUIRE(install_backup(backup, other.file("muster.db")));
  CHECK(get(*open_store(options_for(other)), "a") == "1");
}

}  // namespace muster::sqlite::test
