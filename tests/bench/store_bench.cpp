// SPDX-License-Identifier: Apache-2.0
/// @file What the embedded store costs beside bare SQLite on the same file system, one after the other:
/// importing users (against a loop of prepared inserts of the same rows and indexes) and refreshing sessions
/// from many threads (against one transaction for each refresh).
///     store_bench FOLDER [USERS] [SECONDS] [THREADS]
#include "adapters/sql/session_store.hpp"
#include "adapters/sql/user_store.hpp"
#include "adapters/sqlite/sqlite_store.hpp"
#include "base/log.hpp"
#include "model/slot.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

namespace {

using namespace muster;
using Clock = std::chrono::steady_clock;

constexpr int users_in_a_unit = 1000;
const std::string hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + std::string(43, 'x');

void must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "failed: %s\n", what);
  std::exit(1);
}

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

model::User user_number(std::int64_t number) {
  model::User user;
  user.id = UserId{(std::int64_t{1} << 22U) * (number + 1)};
  // Names come in no order.
  const std::uint64_t mixed = model::slot_hash(static_cast<std::uint64_t>(number));
  user.username = "user" + std::to_string(mixed % 1'000'000'007) + "x" + std::to_string(number);
  user.email = user.username + "@example.org";
  if (number % 2 == 0) user.phone = "+4930" + std::to_string(100'000'000 + number);
  user.display_name = "User number " + std::to_string(number);
  user.created_at = Time{std::chrono::seconds(1'700'000'000 + number * 20)};
  user.updated_at = user.created_at;
  return user;
}

std::unique_ptr<ports::Store> open_store(const std::string& path, std::size_t batch_units_max = 256) {
  sqlite::SqliteOptions options;
  options.path = path;
  options.batch_units_max = batch_units_max;
  auto opened = sqlite::open(options);
  must(opened.has_value(), opened ? "" : opened.error().message.c_str());
  return std::move(*opened);
}

/// Bare SQLite over a file with the store's schema and settings.
class Bare {
 public:
  explicit Bare(const std::string& path) {
    open_store(path);
    must(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK, "open");
    execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;"
        "PRAGMA wal_autocheckpoint = 8000; PRAGMA secure_delete = FAST");
    sqlite3_busy_timeout(handle_, 120'000);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  ~Bare() {
    for (sqlite3_stmt* each : prepared_) sqlite3_finalize(each);
    sqlite3_close(handle_);
  }
  void execute(const char* text) {
    must(sqlite3_exec(handle_, text, nullptr, nullptr, nullptr) == SQLITE_OK, sqlite3_errmsg(handle_));
  }
  sqlite3_stmt* prepare(const char* text) {
    sqlite3_stmt* out = nullptr;
    must(sqlite3_prepare_v2(handle_, text, -1, &out, nullptr) == SQLITE_OK, sqlite3_errmsg(handle_));
    prepared_.push_back(out);
    return out;
  }
  void run(sqlite3_stmt* statement) {
    must(sqlite3_step(statement) == SQLITE_DONE, sqlite3_errmsg(handle_));
    sqlite3_reset(statement);
  }

 private:
  sqlite3* handle_ = nullptr;
  std::vector<sqlite3_stmt*> prepared_;
};

void bind(sqlite3_stmt* statement, int at, const std::string& text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

double import_bare(const std::string& path, std::int64_t users) {
  Bare bare(path);
  sqlite3_stmt* const user_row = bare.prepare(
      "INSERT INTO users (id, username, username_canonical, email, phone, display_name, status, attributes, "
      "created_at, created_bucket, updated_at, version) VALUES (?, ?, NULL, ?, ?, ?, 0, '{}', ?, ?, ?, ?)");
  sqlite3_stmt* const name_row =
      bare.prepare("INSERT INTO user_names (kind, value, user_id) VALUES (?, ?, ?)");
  sqlite3_stmt* const credential_row =
      bare.prepare("INSERT INTO credentials (user_id, hash, changed_at, version) VALUES (?, ?, ?, ?)");
  sqlite3_stmt* const log_row =
      bare.prepare("INSERT INTO change_log (slot, seq, user_id, op) VALUES (?, ?, ?, 1)");
  const auto insert_name = [&](int kind, const std::string& value, std::int64_t id) {
    sqlite3_bind_int(name_row, 1, kind);
    bind(name_row, 2, value);
    sqlite3_bind_int64(name_row, 3, id);
    bare.run(name_row);
  };
  const auto began = Clock::now();
  for (std::int64_t i = 0; i < users; ++i) {
    if (i % users_in_a_unit == 0) bare.execute("BEGIN");
    const model::User user = user_number(i);
    const std::int64_t created = user.created_at.time_since_epoch().count();
    sqlite3_bind_int64(user_row, 1, user.id.value);
    bind(user_row, 2, user.username);
    bind(user_row, 3, *user.email);
    if (user.phone)
      bind(user_row, 4, *user.phone);
    else
      sqlite3_bind_null(user_row, 4);
    bind(user_row, 5, *user.display_name);
    sqlite3_bind_int64(user_row, 6, created);
    sqlite3_bind_int64(user_row, 7, sql::created_bucket(user.created_at, user.status));
    sqlite3_bind_int64(user_row, 8, created);
    sqlite3_bind_int64(user_row, 9, i);
    bare.run(user_row);
    insert_name(1, user.username, user.id.value);
    insert_name(2, *user.email, user.id.value);
    if (user.phone) insert_name(3, *user.phone, user.id.value);
    sqlite3_bind_int64(credential_row, 1, user.id.value);
    sqlite3_bind_blob(credential_row, 2, hash.data(), static_cast<int>(hash.size()), SQLITE_STATIC);
    sqlite3_bind_int64(credential_row, 3, created);
    sqlite3_bind_int64(credential_row, 4, i);
    bare.run(credential_row);
    sqlite3_bind_int64(log_row, 1, model::slot_of(user.id));
    sqlite3_bind_int64(log_row, 2, i);
    sqlite3_bind_int64(log_row, 3, user.id.value);
    bare.run(log_row);
    if (i % users_in_a_unit == users_in_a_unit - 1 || i == users - 1) bare.execute("COMMIT");
  }
  return static_cast<double>(users) / seconds_since(began);
}

/// With a savepoint for each user, as an import that reports each line needs it.
double import_store(ports::Store& store, std::int64_t users) {
  const auto began = Clock::now();
  for (std::int64_t first = 0; first < users; first += users_in_a_unit) {
    const Status status = store.write([&](ports::Unit& unit) -> Status {
      for (std::int64_t i = first; i < std::min(users, first + users_in_a_unit); ++i) {
        MUSTER_CHECK_OK(unit.attempt([&]() -> Status {
          model::User user = user_number(i);
          return unit.users().create(user, user.username, model::Credential{Secret{hash}, user.created_at});
        }));
      }
      return {};
    });
    must(status.has_value(), "import");
  }
  return static_cast<double>(users) / seconds_since(began);
}

model::Session session_number(std::int64_t number) {
  model::Session session;
  session.id.user = user_number(number).id;
  session.created_at = Time{std::chrono::seconds(1'700'000'000)};
  session.expires_at = session.created_at + std::chrono::hours(720);
  session.last_used_at = session.issued_at = session.created_at;
  session.ip = "192.0.2.17";
  session.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
  session.refresh_hash = std::string(32, 'a');
  return session;
}

void create_sessions(ports::Store& store, std::int64_t sessions) {
  for (std::int64_t first = 0; first < sessions; first += users_in_a_unit)
    must(store
             .write([&](ports::Unit& unit) -> Status {
               for (std::int64_t i = first; i < std::min(sessions, first + users_in_a_unit); ++i)
                 MUSTER_CHECK_OK(unit.sessions().create(session_number(i)));
               return {};
             })
             .has_value(),
         "sessions");
}

/// One transaction for each refresh, from as many connections as callers, each on a thread of its own: what a
/// server does that gives every request its own.
double rotate_bare(const std::string& path, std::int64_t sessions, double seconds, int connections) {
  create_sessions(*open_store(path), sessions);
  std::vector<std::unique_ptr<Bare>> opened;
  for (int i = 0; i < connections; ++i) opened.push_back(std::make_unique<Bare>(path));
  const std::string random(16, '\0');
  const std::string value(32, 'a');
  std::atomic<std::int64_t> done = 0;
  const auto began = Clock::now();
  const auto refresh = [&](Bare& bare, std::int64_t first) {
    sqlite3_stmt* const begin = bare.prepare("BEGIN IMMEDIATE");
    sqlite3_stmt* const commit = bare.prepare("COMMIT");
    sqlite3_stmt* const update = bare.prepare(
        "UPDATE sessions SET refresh_previous_hash = refresh_hash, refresh_hash = ?, last_used_at = ? "
        "WHERE user_id = ? AND random = ? AND refresh_hash = ?");
    for (std::int64_t i = first; seconds_since(began) < seconds; i += connections, ++done) {
      bare.run(begin);
      sqlite3_bind_blob(update, 1, value.data(), 32, SQLITE_STATIC);
      sqlite3_bind_int64(update, 2, i);
      sqlite3_bind_int64(update, 3, user_number(i * 7919 % sessions).id.value);
      sqlite3_bind_blob(update, 4, random.data(), 16, SQLITE_STATIC);
      sqlite3_bind_blob(update, 5, value.data(), 32, SQLITE_STATIC);
      bare.run(update);
      bare.run(commit);
    }
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < connections; ++i)
    callers.emplace_back([&, i] { refresh(*opened[static_cast<std::size_t>(i)], i); });
  for (std::thread& caller : callers) caller.join();
  return static_cast<double>(done) / seconds_since(began);
}

/// What one small write costs until the disk has it: the least a transaction takes, in microseconds.
double flush_microseconds(const std::string& path) {
  constexpr int flushes = 200;
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  must(file >= 0, "open");
  const std::string page(4096, 'x');
  const auto began = Clock::now();
  for (int i = 0; i < flushes; ++i) {
    must(::pwrite(file, page.data(), page.size(), i * 4096L) == 4096, "write");
    must(::fdatasync(file) == 0, "flush");
  }
  ::close(file);
  return seconds_since(began) / flushes * 1e6;
}

double rotate_store(ports::Store& store, std::int64_t sessions, double seconds, int threads) {
  std::atomic<std::int64_t> done{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  const auto began = Clock::now();
  for (int thread = 0; thread < threads; ++thread)
    callers.emplace_back([&, thread] {
      // Each has sessions of its own, so that every refresh succeeds.
      for (std::int64_t i = thread; !stop; i += threads) {
        const model::Session session = session_number(i % (sessions / threads * threads));
        bool rotated = false;
        const Status status = store.write([&](ports::Unit& unit) -> Status {
          MUSTER_TRY(rotated, unit.sessions().rotate(session, session.refresh_hash));
          return {};
        });
        must(status.has_value() && rotated, "rotate");
        ++done;
      }
    });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& caller : callers) caller.join();
  return static_cast<double>(done) / seconds_since(began);
}

double page_microseconds(ports::Store& store, const ports::UserFilter& filter, UserId after) {
  constexpr int rounds = 50;
  const auto began = Clock::now();
  for (int i = 0; i < rounds; ++i)
    must(store
             .read([&](ports::Unit& unit) -> Status {
               MUSTER_CHECK_OK(unit.users().list(filter, after, 50));
               return {};
             })
             .has_value(),
         "page");
  return seconds_since(began) / rounds * 1e6;
}

std::string resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS")) return line.substr(6);
  return "?";
}

void measure_pages(ports::Store& store, std::int64_t users) {
  ports::UserFilter active;
  active.status = model::UserStatus::active;
  ports::UserFilter created = active;
  created.created_after = Time{std::chrono::seconds(1'700'000'000 + 3600)};
  const UserId late = user_number(users / 2).id;
  std::printf(
      "page of 50, first / in the middle: all %.0f / %.0f us, status %.0f / %.0f us, created and status %.0f "
      "/ %.0f us\n",
      page_microseconds(store, {}, UserId{0}), page_microseconds(store, {}, late),
      page_microseconds(store, active, UserId{0}), page_microseconds(store, active, late),
      page_microseconds(store, created, UserId{0}), page_microseconds(store, created, late));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: store_bench FOLDER [USERS] [SECONDS] [THREADS]\n");
    return 2;
  }
  const std::string folder = std::string(argv[1]) + "/store-bench";
  const std::int64_t users = argc > 2 ? std::atoll(argv[2]) : 200'000;
  const double seconds = argc > 3 ? std::atof(argv[3]) : 5;
  const int threads = argc > 4 ? std::atoi(argv[4]) : 64;
  constexpr std::int64_t sessions = 20'000;
  must(log::configure(log::Format::text, "warn").has_value(), "log");
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);

  const double bare_import = import_bare(folder + "/bare.db", users);
  {
    auto store = open_store(folder + "/store.db");
    const double store_import = import_store(*store, users);
    std::printf("import: bare %.0f users/s, store %.0f users/s, ratio %.2f\n", bare_import, store_import,
                store_import / bare_import);
    must(store->maintain().has_value(), "maintain");
    std::printf("resident after maintain: %s\n", resident().c_str());
    measure_pages(*store, users);
  }
  std::printf("flush: %.0f us\n", flush_microseconds(folder + "/flush"));
  const double bare_rotate = rotate_bare(folder + "/bare-rotate.db", sessions, seconds, 1);
  const double bare_rotate_many = rotate_bare(folder + "/bare-many.db", sessions, seconds, threads);
  auto store = open_store(folder + "/rotate.db");
  create_sessions(*store, sessions);
  const auto before = store->counters();
  const double store_rotate = rotate_store(*store, sessions, seconds, threads);
  const auto after = store->counters();
  std::printf(
      "refresh: one transaction each by one connection %.0f/s, by %d %.0f/s; the store with as many threads "
      "%.0f/s, %.1f in a commit\n",
      bare_rotate, threads, bare_rotate_many, store_rotate,
      static_cast<double>(after.writes - before.writes) /
          static_cast<double>(after.commits - before.commits));
  store.reset();
  std::filesystem::remove_all(folder);
  return 0;
}
