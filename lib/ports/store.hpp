// SPDX-License-Identifier: Apache-2.0
/// @file The one way to stored data. read() gives a consistent snapshot, write() a transaction that is
/// durable when it returns. A Unit is such a transaction: it hands out every store, and what was done through
/// it is committed or undone as one. Many writes share one commit on disk; each still succeeds or fails
/// alone. Store is thread-safe; a Unit belongs to the callback it was given to.
///
/// A writing unit has one home. Of a user it may change what hangs on that user, take and free their names,
/// revoke and record; of the catalog, what concerns all; of a part, whatever is in that database, and lists
/// and purges there concern that database alone. It may read anything: of another database, what was
/// committed there. Changing what is elsewhere fails with internal.
///
/// Errors of read and write themselves: unavailable (full disk, read-only, corrupt, closed), overloaded (the
/// bounded queue of writers is full), deadline_exceeded. They are given before anything was acknowledged;
/// after unavailable a write may yet have been kept, if the connection was lost while it was committed.
#pragma once

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "ports/freshness.hpp"
#include "ports/home.hpp"
#include "ports/store_report.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace muster::ports {

class UserStore;
class SessionStore;
class RoleStore;
class GrantStore;
class RevocationStore;
class KeyStore;
class AuditLog;
class IdempotencyStore;
class JobStore;
class MetaStore;
class LeaseStore;
class NodeStore;
class NewsStore;
class SlotStore;

class Unit {
 public:
  virtual ~Unit() = default;

  virtual UserStore& users() = 0;
  virtual SessionStore& sessions() = 0;
  virtual RoleStore& roles() = 0;
  virtual GrantStore& grants() = 0;
  virtual RevocationStore& revocations() = 0;
  virtual KeyStore& keys() = 0;
  virtual AuditLog& audit() = 0;
  virtual IdempotencyStore& idempotency() = 0;
  virtual JobStore& jobs() = 0;
  virtual MetaStore& meta() = 0;
  virtual LeaseStore& leases() = 0;
  virtual NodeStore& nodes() = 0;
  virtual NewsStore& news() = 0;
  virtual SlotStore& slots() = 0;

  /// Runs `part` under a savepoint: its error undoes its own changes only, and is returned.
  virtual Status attempt(const std::function<Status()>& part) = 0;

  /// Called once if and when this unit is durable, before write() returns, in commit order: where in-memory
  /// state follows the store. A later unit may have run before it, so what decides inside a unit is read from
  /// the unit, never from memory. Must not fail or block. Not in a read.
  virtual void after_commit(std::function<void()> action) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  /// At `home`, as fresh as asked for. By default a snapshot: two reads in one call see the same state there,
  /// and elsewhere what was committed when they asked. Changing stores in it fails with internal. `work` may
  /// be called again, from the start, when a replica failed in it.
  virtual Status read(const Home& home, const Freshness& freshness,
                      const std::function<Status(Unit&)>& work) = 0;
  Status read(const Home& home, const std::function<Status(Unit&)>& work) { return read(home, {}, work); }
  /// At the catalog.
  Status read(const Freshness& freshness, const std::function<Status(Unit&)>& work) {
    return read(Home::catalog(), freshness, work);
  }
  Status read(const std::function<Status(Unit&)>& work) { return read(Home::catalog(), {}, work); }
  /// One transaction, at `home`. Runs on the writer: keep `work` short, hash and sign before it. An error
  /// returned by `work` undoes everything it did and is returned. `work` may be called again, from the start,
  /// when the database gave the transaction up or something was first to be made ready elsewhere: what it
  /// leaves outside of the unit, it sets anew each time.
  virtual Status write(const Home& home, const std::function<Status(Unit&)>& work) = 0;
  /// At the catalog.
  Status write(const std::function<Status(Unit&)>& work) { return write(Home::catalog(), work); }

  /// Every database that users are in, as homes.
  [[nodiscard]] virtual std::vector<Home> parts() const { return {Home::part(0)}; }
  /// Reads each of parts() for itself, side by side, some at a time: how each ended, in their order. `work`
  /// is called by several threads.
  virtual std::vector<Status> read_parts(const std::function<Status(std::size_t part, Unit&)>& work) {
    const std::vector<Home> homes = parts();
    std::vector<Status> statuses;
    for (std::size_t i = 0; i < homes.size(); ++i)
      statuses.push_back(read(homes[i], [&](Unit& unit) { return work(i, unit); }));
    return statuses;
  }
  /// Which of parts() the user is in now.
  [[nodiscard]] virtual Home part_of(UserId /*user*/) const { return Home::part(0); }
  /// Where a request with that idempotency key has its home: `proposed`, if it is the first with that key,
  /// else what it was then. `key` is scoped to the caller already.
  virtual Result<Home> settle_home(const std::string& /*key*/, Time /*expires_at*/, const Home& proposed) {
    return proposed;
  }

  /// Whether other processes may write to its catalog too: then what is kept in memory must follow them.
  [[nodiscard]] virtual bool is_shared() const { return false; }
  [[nodiscard]] virtual StoreHealth health() = 0;
  [[nodiscard]] virtual StoreCounters counters() const = 0;
  /// Asks the database, beside what runs there, how it would run every statement there is; nothing is
  /// changed. Errors: unavailable, precondition_failed (not one database).
  virtual Result<Examination> examine() {
    return fail(ErrorCode::precondition_failed, "only a database by itself can be examined");
  }

  /// Writes a consistent copy to a new file while the store goes on serving. `progress(done, total)` in
  /// pages; false from it cancels. Errors: already_exists, unavailable (disk), invalid_argument (path).
  virtual Status backup(const std::string& path,
                        const std::function<bool(std::int64_t, std::int64_t)>& progress) = 0;
  /// Full integrity check of a backup file, schema version included; it is not changed. Errors: not_found,
  /// conflict (damaged or not a Muster backup: the message says what).
  virtual Status verify_backup(const std::string& path) = 0;
  /// A named fact (MetaStore) of a backup file that verify_backup() found sound.
  virtual Result<std::optional<std::string>> fact_of_backup(const std::string& path,
                                                            const std::string& name) = 0;
  /// Folds the log into the database file and gives back memory that is not needed while idle.
  virtual Status maintain() = 0;
};

}  // namespace muster::ports
