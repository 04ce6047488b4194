// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/driver.hpp"
#include "adapters/sqlite/migrations.hpp"
#include "lib/adapters/sqlite/database.hpp"

#include <ctime>
#include <filesystem>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace muster::sqlite::test {
namespace {

/// Runs statements on a file as a person with sqlite3 would.
void execute(const std::string& path, const std::string& statements) {
  auto connection = SqliteConnection::open(path, ConnectionKind::writer, 1000, 2000);
  REQUIRE(connection);
  const Status status = (*connection)->execute(statements);
  INFO((status ? "" : status.error().detail));
  REQUIRE(status);
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a new database is private to its user, and marked as Muster's") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  REQUIRE(put(*open_store(options), "a", "1"));
  struct stat status {};
  REQUIRE(::stat(options.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  auto connection = SqliteConnection::open(options.path, ConnectionKind::reader, 1000, 2000);
  REQUIRE(connection);
  CHECK((*connection)->value_of("PRAGMA application_id") == std::to_string(application_id));
  CHECK((*connection)->value_of("SELECT MAX(version) FROM schema_version") ==
        std::to_string(newest_schema_version()));
  CHECK((*connection)->value_of("SELECT COUNT(*) FROM slot_state WHERE state = 'OWNED'") == "4096");
  CHECK(get(*open_store(options), "a") == "1");
}

TEST_CASE("a second opener is told who has the database, within a process and from another") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  auto store = open_store(options);
  const Error error = open_error(options);
  CHECK(error.code == ErrorCode::unavailable);
  CHECK(mentions(error.message, options.path));
  CHECK(mentions(error.message, "in use by another musterd (process " + std::to_string(::getpid()) + ")"));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto opened = open(options);
    ::_exit(!opened && opened.error().code == ErrorCode::unavailable ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  store.reset();
  CHECK(put(*open_store(options), "a", "1"));
}

TEST_CASE("people may read the database with sqlite3 while the store is open") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  const auto store = open_store(options);
  REQUIRE(put(*store, "a", "1"));
  auto connection = SqliteConnection::open(options.path, ConnectionKind::reader, 1000, 2000);
  REQUIRE(connection);
  CHECK((*connection)->value_of("SELECT value FROM meta WHERE name = 'a'") == "1");
  CHECK(put(*store, "a", "2"));
}

TEST_CASE("a database of another program is refused and left as it was") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  execute(options.path, "CREATE TABLE theirs (x); PRAGMA application_id = 12345");
  const std::string before = read_file(options.path);
  const Error error = open_error(options);
  CHECK(error.code == ErrorCode::conflict);
  CHECK(mentions(error.message, options.path));
  CHECK(mentions(error.message, "another program"));
  CHECK(read_file(options.path) == before);
}

TEST_CASE("a newer schema is refused with both versions named") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  open_store(options).reset();
  execute(options.path, "PRAGMA user_version = 999");
  const Error error = open_error(options);
  CHECK(error.code == ErrorCode::conflict);
  CHECK(mentions(error.message, "schema version 999"));
  CHECK(mentions(error.message, "up to " + std::to_string(newest_schema_version())));
}

TEST_CASE("a newer schema that says so is worked on by a program of the version before") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  open_store(options).reset();
  const std::string next = std::to_string(newest_schema_version() + 1);
  const std::string known = std::to_string(newest_schema_version());
  execute(options.path, "ALTER TABLE users ADD COLUMN nickname TEXT; INSERT INTO schema_version VALUES (" +
                            next + ", 'nicknames', " + known + "); PRAGMA user_version = " + next);
  auto store = open_store(options);
  CHECK(store->write([](ports::Unit& unit) { return unit.meta().put("name", "value"); }));
  store.reset();
  execute(options.path, "UPDATE schema_version SET works_from = " + next + " WHERE version = " + next);
  CHECK(mentions(open_error(options).message, "schema version " + next));
}

TEST_CASE("a file that is no database is refused, named, and not overwritten") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  const std::string bytes(20'000, 'x');
  write_file(options.path, bytes);
  const Error error = open_error(options);
  CHECK(error.code == ErrorCode::unavailable);
  CHECK(mentions(error.message, options.path));
  CHECK(mentions(error.message, "restore a backup"));
  CHECK(read_file(options.path) == bytes);
}

TEST_CASE("a damaged database says so, names the file, and is read-only where it still can be read") {
  const Folder folder;
  const SqliteOptions options = options_for(folder);
  {
    const auto store = open_store(options);
    REQUIRE(store->write([](ports::Unit& unit) -> Status {
      for (int i = 0; i < 2000; ++i)
        MUSTER_CHECK_OK(unit.meta().put("key" + std::to_string(i), std::string(200, 'v')));
      return {};
    }));
    REQUIRE(store->maintain());
  }
  std::string bytes = read_file(options.path);
  SECTION("in its first page: it does not open") {
    std::fill(bytes.begin() + 100, bytes.begin() + 4096, '\x5a');
    write_file(options.path, bytes);
    const Error error = open_error(options);
    CHECK(error.code == ErrorCode::unavailable);
    CHECK(mentions(error.message, options.path));
    CHECK(mentions(error.message, "restore a backup"));
  }
  SECTION("in the pages of one table: it opens, and stops writing when it finds out") {
    const std::size_t half = bytes.size() / 2 / 4096 * 4096;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(half), bytes.end(), '\x5a');
    write_file(options.path, bytes);
    const auto store = open_store(options);
    std::optional<Error> found;
    for (int i = 0; i < 2000 && !found; ++i) {
      const Status status = store->read([&](ports::Unit& unit) -> Status {
        MUSTER_CHECK_OK(unit.meta().get("key" + std::to_string(i)));
        return {};
      });
      if (!status) found = status.error();
    }
    REQUIRE(found);
    CHECK(found->code == ErrorCode::unavailable);
    CHECK(mentions(found->message, "damaged"));
    CHECK_FALSE(store->health().writable);
    CHECK(mentions(store->health().reason, "restore a backup"));
    const Status refused = put(*store, "a", "1");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::unavailable);
    CHECK(store->read([](ports::Unit&) -> Status { return {}; }));
    // Nothing is left to try, so nothing is tried over and over: hardly any processor time goes by.
    const std::clock_t before = std::clock();
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    CHECK(std::clock() - before < CLOCKS_PER_SEC / 10);
  }
}

TEST_CASE("a folder that is not there and a path that is a folder are named") {
  const Folder folder;
  SqliteOptions options;
  options.path = folder.file("none/muster.db");
  CHECK(mentions(open_error(options).message, "folder does not exist"));
  options.path = folder.file("directory");
  std::filesystem::create_directory(options.path);
  const Error error = open_error(options);
  CHECK(error.code == ErrorCode::unavailable);
  CHECK(mentions(error.message, options.path));
  options.path.clear();
  CHECK(open_error(options).code == ErrorCode::invalid_argument);
}

}  // namespace muster::sqlite::test
