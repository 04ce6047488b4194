// SPDX-License-Identifier: Apache-2.0
/// @file What the stores ask of a database driver: prepared statements by name, savepoints, and the few
/// things that dialects say differently. A driver keeps every statement prepared. A connection and its
/// statements belong to one thread at a time. Errors: already_exists (a unique key), unavailable (disk,
/// damage, lock, lost connection), internal (anything else).
#pragma once

#include "adapters/sql/statements.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "ports/freshness.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::sql {

/// How long the bytes given to bind live.
enum class Lifetime : std::uint8_t { until_reset, call };

/// Parameters and columns count from 0.
class Statement {
 public:
  virtual ~Statement() = default;

  virtual void bind_integer(int parameter, std::int64_t value) = 0;
  virtual void bind_text(int parameter, std::string_view value, Lifetime lifetime) = 0;
  virtual void bind_blob(int parameter, std::string_view value, Lifetime lifetime) = 0;
  virtual void bind_null(int parameter) = 0;

  /// True: a row is there. An error or false ends the statement.
  virtual Result<bool> step() = 0;
  /// Rows changed by the last run.
  [[nodiscard]] virtual std::int64_t changed() const = 0;
  [[nodiscard]] virtual bool is_null(int column) const = 0;
  [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
  /// Text or blob; valid until the next step or reset.
  [[nodiscard]] virtual std::string_view bytes(int column) const = 0;
  virtual void reset() = 0;
};

/// What a fence says of a slot that is not owned at that epoch: unavailable, with ports::slot_not_owned in
/// the detail.
Error slot_not_owned(std::uint32_t slot, std::int64_t epoch);

class Connection {
 public:
  virtual ~Connection() = default;

  /// The prepared statement for that many rows, as text_of() takes it; it must not be in use.
  virtual Result<Statement*> prepare(Sql name, std::size_t rows) = 0;

  /// Savepoints nest; release and undo end the innermost one.
  virtual Status savepoint() = 0;
  virtual Status release() = 0;
  virtual Status undo() = 0;

  /// Locks the slot's row if it is owned at that epoch, adds to its number of users and returns its next
  /// sequence number. Error: slot_not_owned().
  virtual Result<std::int64_t> fence(std::uint32_t slot, std::int64_t epoch, std::int64_t users) = 0;
  /// Adds to a named counter and returns its new value.
  virtual Result<std::int64_t> add_to_counter(std::string_view name, std::int64_t amount) = 0;
  /// Keeps everyone else who asks for that name waiting until the transaction ends.
  virtual Status lock(std::string_view name) = 0;
  /// The database's own clock.
  virtual Result<Time> now() = 0;
};

/// Trouble that concerns the whole database.
struct Trouble {
  Error error;
  bool lasting = false;  ///< Damage: it does not go by itself.
};

/// What the writer and the readers of a store ask of a driver beside that.
class TransactionalConnection : public Connection {
 public:
  /// The snapshot of a reader may begin with its first read.
  virtual Status begin() = 0;
  /// Of a reader; ended by rollback().
  virtual Status begin_reading(ports::View /*view*/) { return begin(); }
  /// Of a read: whether its state has the slot at that place, at least.
  virtual Result<bool> has_reached(const ports::SlotPosition& /*position*/) { return true; }
  /// After an error that leaves the outcome open, nothing is to be acknowledged.
  virtual Status commit() = 0;
  virtual void rollback() = 0;
  [[nodiscard]] virtual bool in_transaction() const = 0;
  /// Whether the database gave the last transaction up, before anything of it was kept, for a reason that
  /// need not be there the next time: a deadlock, a lost connection.
  [[nodiscard]] virtual bool may_run_again() const = 0;

  /// Takes the trouble met since the last call, as far as others than this connection must know.
  virtual std::optional<Trouble> take_trouble() = 0;
  /// Gives back what an idle connection does not need.
  virtual void rest() = 0;
};

}  // namespace muster::sql
