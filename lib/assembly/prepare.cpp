// SPDX-License-Identifier: Apache-2.0
#include "assembly/prepare.hpp"

#include "adapters/crypto/sealer.hpp"
#include "adapters/mysql/mysql_store.hpp"
#include "adapters/sqlite/sqlite_store.hpp"
#include "adapters/system/clock.hpp"
#include "adapters/system/entropy.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/system_reason.hpp"
#include "model/builtin_roles.hpp"
#include "ops/housekeeping.hpp"
#include "ops/master_key.hpp"
#include "ops/restore.hpp"
#include "ports/role_store.hpp"
#include "ports/system_store.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

namespace muster::assembly {
namespace {

namespace fs = std::filesystem;

/// `sealed` is the database whose keys are sealed with it already.
Result<std::unique_ptr<ports::Sealer>> open_master_key(const Config& config,
                                                       const std::optional<std::string>& sealed) {
  const std::string& path = config.master_key_file;
  std::error_code error;
  if (!fs::exists(path, error)) {
    if (sealed)
      return fail(ErrorCode::precondition_failed,
                  "the master key " + path + " is not there, but the database " + *sealed +
                      " is, and its signing keys are sealed with it: put the key back, or name it in "
                      "master_key_file");
    if (path != config.data_dir + "/master.key")
      return fail(ErrorCode::precondition_failed,
                  "the master key " + path +
                      ", which master_key_file names, is not there: put 64 hexadecimal "
                      "digits into it, mode 0600");
    MUSTER_CHECK_OK(crypto::create_master_key(path));
    log::info("made the master key {}: keep a copy of it elsewhere", path);
  }
  return crypto::load_master_key(path);
}

Status carry_out_restore(const Config& config, const std::string& database) {
  MUSTER_TRY(const auto request, ops::pending_restore(config.data_dir));
  if (!request) return {};
  log::warn("restoring the backup {}, as {} asked; the present store stays beside it as {}.before-restore",
            request->name, request->requested_by, database);
  MUSTER_CHECK_OK(sqlite::install_backup(request->path, database));
  return ops::mark_restored(config.data_dir);
}

Result<std::optional<std::string>> find_key_check(ports::Store& store) {
  std::optional<std::string> known;
  MUSTER_CHECK_OK(store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(known, unit.meta().get(std::string(ops::master_key_check_name)));
    return {};
  }));
  return known;
}

Status match_master_key(ports::Store& store, ports::Sealer& sealer, const Config& config) {
  MUSTER_TRY(const auto known, find_key_check(store));
  if (!known)
    return store.write([&](ports::Unit& unit) -> Status {
      const std::string name(ops::master_key_check_name);
      MUSTER_TRY(const auto anothers, unit.meta().get(name));
      // Two daemons may see a new database for the first time together.
      if (anothers) return ops::check_master_key(sealer, *anothers);
      return unit.meta().put(name, ops::master_key_check_value(sealer));
    });
  if (auto status = ops::check_master_key(sealer, *known); !status)
    return fail(ErrorCode::precondition_failed, config.master_key_file + ": " + status.error().message,
                status.error().detail);
  return {};
}

/// "/var/lib/muster/muster.db" of "sqlite:///var/lib/muster/muster.db".
std::string path_of(const std::string& dsn) {
  constexpr std::string_view scheme = "sqlite://";
  return dsn.substr(scheme.size());
}

Result<std::unique_ptr<ports::Store>> open_database(const Config& config,
                                                    const std::shared_ptr<mysql::Servers>& servers,
                                                    const std::string& dsn,
                                                    std::shared_ptr<const ports::SlotNumbers> epochs) {
  if (mysql::Dsn::has_scheme(dsn)) {
    mysql::MysqlOptions options;
    MUSTER_TRY(options.dsn, mysql::Dsn::parse(dsn));
    MUSTER_TRY(options.password, mysql::load_password(options.dsn, config.store_password));
    options.readers = static_cast<std::size_t>(config.store_readers);
    options.queue_length_max = static_cast<std::size_t>(config.store_write_queue);
    options.slow_from = config.store_slow_statement;
    options.epochs = std::move(epochs);
    options.servers = servers;
    return mysql::open(std::move(options));
  }
  sqlite::SqliteOptions options;
  options.path = path_of(dsn);
  options.readers = static_cast<std::size_t>(config.store_readers);
  options.queue_length_max = static_cast<std::size_t>(config.store_write_queue);
  options.slow_from = config.store_slow_statement;
  options.epochs = std::move(epochs);
  return sqlite::open(std::move(options));
}

Result<std::unique_ptr<sharded::ShardedStore>> open_store(const Config& config) {
  static system::SystemEntropy entropy;
  sharded::ShardedOptions options;
  options.surroundings =
      std::make_shared<const sharded::Surroundings>(sharded::Surroundings{system::wall_clock, entropy});
  options.catalog_dsn = config.store_catalog;
  options.shard_dsns = config.store_shards;
  options.open = [config, servers = std::make_shared<mysql::Servers>()](
                     const std::string& dsn, std::shared_ptr<const ports::SlotNumbers> epochs) {
    return open_database(config, servers, dsn, std::move(epochs));
  };
  return sharded::ShardedStore::open(std::move(options));
}

Result<Opened> open_file(const Config& config) {
  const std::string database = path_of(config.store_catalog);
  std::error_code error;
  const bool exists = fs::exists(database, error);
  MUSTER_TRY(auto sealer, open_master_key(config, exists ? std::optional(database) : std::nullopt));
  MUSTER_CHECK_OK(carry_out_restore(config, database));
  MUSTER_TRY(auto store, open_store(config));
  return Opened{std::move(sealer), std::move(store)};
}

/// What a server has, is known only once it answers.
Result<Opened> open_server(const Config& config) {
  MUSTER_TRY(const mysql::Dsn dsn, mysql::Dsn::parse(config.store_catalog));
  MUSTER_TRY(auto store, open_store(config));
  MUSTER_TRY(const auto known, find_key_check(*store));
  MUSTER_TRY(auto sealer, open_master_key(config, known ? std::optional(dsn.endpoint()) : std::nullopt));
  return Opened{std::move(sealer), std::move(store)};
}

}  // namespace

Status prepare_data_dir(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    fs::create_directories(fs::path(path).parent_path(), error);
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      return fail(ErrorCode::unavailable, "data_dir: " + path + " cannot be made: " + system_reason());
    return {};
  }
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return fail(ErrorCode::unavailable, "data_dir: " + path + " is not a folder");
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    log::warn("data_dir {} is open to other users: chmod 700 it", path);
  return {};
}

Result<std::string> find_node_id(const std::string& data_dir) {
  constexpr std::size_t length = 16;
  const std::string path = data_dir + "/node-id";
  std::string id;
  if (std::ifstream(path) >> id && id.size() == length) return id;
  system::SystemEntropy entropy;
  id = hex_encode(entropy.bytes(length / 2));
  std::ofstream out(path);
  if (!(out << id << "\n" << std::flush))
    return fail(ErrorCode::unavailable, path + " cannot be written: " + system_reason());
  return id;
}

Result<Opened> open_sealed_store(const Config& config) {
  MUSTER_TRY(Opened opened,
             mysql::Dsn::has_scheme(config.store_catalog) ? open_server(config) : open_file(config));
  MUSTER_CHECK_OK(match_master_key(*opened.store, *opened.sealer, config));
  return opened;
}

Result<Time> clock_mark(ports::Store& store) {
  std::optional<std::string> text;
  MUSTER_CHECK_OK(store.read([&](ports::Unit& unit) -> Status {
    MUSTER_TRY(text, unit.meta().get(std::string(ops::clock_mark_name)));
    return {};
  }));
  std::int64_t microseconds = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), microseconds);
  return Time{Duration{microseconds}};
}

Status seed_builtin_roles(ports::Store& store) {
  std::vector<model::Role> to_create;
  std::vector<model::Role> to_update;
  MUSTER_CHECK_OK(store.read([&](ports::Unit& unit) -> Status {
    for (model::Role& role : model::builtin_roles()) {
      MUSTER_TRY(auto stored, unit.roles().find(role.name));
      if (!stored) {
        to_create.push_back(std::move(role));
      } else if (stored->permissions != role.permissions || stored->description != role.description) {
        stored->permissions = role.permissions;
        stored->description = role.description;
        to_update.push_back(std::move(*stored));
      }
    }
    return {};
  }));
  if (to_create.empty() && to_update.empty()) return {};
  return store.write([&](ports::Unit& unit) -> Status {
    for (model::Role& role : to_create) MUSTER_CHECK_OK(unit.roles().create(role));
    for (model::Role& role : to_update) MUSTER_CHECK_OK(unit.roles().update(role));
    return {};
  });
}

}  // namespace muster::assembly
