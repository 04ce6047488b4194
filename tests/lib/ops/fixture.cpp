// SPDX-License-Identifier: Apache-2.0
#include "lib/ops/fixture.hpp"

#include "adapters/cached/user_cache.hpp"
#include "adapters/crypto/password_hasher.hpp"
#include "adapters/crypto/sealer.hpp"
#include "adapters/crypto/token_signer.hpp"
#include "adapters/sharded/sharded_store.hpp"
#include "adapters/sqlite/sqlite_store.hpp"
#include "adapters/system/entropy.hpp"
#include "adapters/system/snowflake.hpp"
#include "lib/ops/repeating_store.hpp"
#include "ops/authorizer.hpp"
#include "ops/job_runner.hpp"
#include "ops/login_throttle.hpp"
#include "ops/tokens.hpp"
#include "ports/session_store.hpp"
#include "ports/user_store.hpp"
#include "wire/error_table.hpp"

#include <cstdlib>
#include <stdexcept>

#include <catch2/catch.hpp>
#include <stdlib.h>  // mkdtemp is not in <cstdlib>

namespace muster::ops::testing {
namespace {

template <class T>
T opened(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message + " " + result.error().detail);
  return std::move(*result);
}

void done(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message + " " + status.error().detail);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "muster-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder: " + pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

struct World::Parts {
  Parts(World& world, const std::string& key_file)
      : store(std::make_unique<RepeatingStore>(world.open_store())),
        sealer(opened(crypto::load_master_key(key_file))),
        hasher(opened(crypto::Argon2Hasher::create({.memory_kib = 8, .iterations = 1, .parallelism = 1}))),
        signer({.issuer = "muster", .audience = "muster"}, *sealer),
        ids(0, UserId{}),
        authorizer(*store, world.clock),
        tokens(*store, world.clock, entropy, signer, *sealer),
        cache(*store, entropy, nullptr, {.memory_bytes_max = 1024 * 1024}),
        context{*store,
                world.clock,
                entropy,
                ids,
                *hasher,
                signer,
                *sealer,
                world.meter,
                authorizer,
                tokens,
                jobs,
                login_throttle,
                make_settings(world)} {
    done(tokens.load(*context.settings()));
    done(authorizer.load());
    context.users_cache = &cache;
  }

  static std::shared_ptr<const Settings> make_settings(const World& world) {
    auto settings = std::make_shared<Settings>();
    settings->data_directory = world.folder();
    settings->backup_directory = world.folder() + "/backups";
    return settings;
  }

  std::unique_ptr<ports::Store> store;
  std::unique_ptr<ports::Sealer> sealer;
  std::unique_ptr<crypto::Argon2Hasher> hasher;
  crypto::JwtSigner signer;
  system::SystemEntropy entropy;
  system::SnowflakeIds ids;
  Authorizer authorizer;
  Tokens tokens;
  JobRunner jobs;
  LoginThrottle login_throttle;
  cached::UserCache cache;
  Context context;
};

std::size_t shards_asked_for() {
  const char* const text = std::getenv("MUSTER_TEST_SHARDS");
  return text == nullptr ? 0 : std::stoul(text);
}

World::World(std::size_t shards) : shards_(shards) {
  done(crypto::create_master_key(folder() + "/master.key"));
  open();
}

World::~World() {
  close();
}

Context& World::context() {
  return parts_->context;
}

std::unique_ptr<ports::Store> World::open_store() {
  if (shards_ == 0) return opened(sqlite::open({.path = database()}));
  static system::SystemEntropy entropy;
  sharded::ShardedOptions options;
  const std::string scheme = "sqlite://";
  options.catalog_dsn = scheme + database();
  for (std::size_t i = 1; i <= shards_; ++i)
    options.shard_dsns.push_back(scheme + folder() + "/shard" + std::to_string(i) + ".db");
  options.open = [this, scheme](const std::string& dsn, std::shared_ptr<const ports::SlotNumbers> epochs)
      -> Result<std::unique_ptr<ports::Store>> {
    sqlite::SqliteOptions one;
    one.path = dsn.substr(scheme.size());
    one.epochs = std::move(epochs);
    MUSTER_TRY(auto store, sqlite::open(std::move(one)));
    return std::make_unique<sharded::testing::MortalStore>(std::move(store), fate);
  };
  options.surroundings = std::make_shared<const sharded::Surroundings>(
      sharded::Surroundings{[this] { return clock.now(); }, entropy});
  return opened(sharded::ShardedStore::open(std::move(options)));
}

void World::open() {
  parts_ = std::make_unique<Parts>(*this, folder() + "/master.key");
}

void World::close() {
  if (parts_) parts_->jobs.stop();
  parts_.reset();
}

void World::change_settings(const Settings& settings) {
  context().change_settings(std::make_shared<Settings>(settings));
}

UserId World::add_user(const std::string& username) {
  model::User user;
  user.id = opened(context().ids.next());
  user.username = username;
  user.created_at = user.updated_at = clock.now();
  done(context().store.write(ports::Home::of(user.id), [&](ports::Unit& unit) {
    return unit.users().create(user, username, std::nullopt);
  }));
  return user.id;
}

SessionId World::add_session(UserId user) {
  model::Session session;
  session.id.user = user;
  const std::string random = context().entropy.bytes(SessionId::random_size_bytes);
  std::copy(random.begin(), random.end(), session.id.random.begin());
  session.created_at = session.last_used_at = session.issued_at = clock.now();
  session.expires_at = clock.now() + std::chrono::hours{24 * 30};
  session.issued_epoch = context().tokens.epoch();
  session.refresh_hash = context().sealer.digest(random);
  done(context().store.write(ports::Home::of(user),
                             [&](ports::Unit& unit) { return unit.sessions().create(session); }));
  return session.id;
}

void World::write_by_part(const std::vector<UserId>& users,
                          const std::function<Status(ports::Unit&, UserId)>& step) {
  ports::Store& store = context().store;
  for (const ports::Home& part : store.parts())
    done(store.write(part, [&](ports::Unit& unit) -> Status {
      for (const UserId user : users)
        if (store.part_of(user) == part) MUSTER_CHECK_OK(step(unit, user));
      return {};
    }));
}

Call World::as_operator() const {
  Call call;
  call.caller.kind = Caller::Kind::operator_local;
  call.source = "unix";
  return call;
}

Call World::as_user(UserId user) const {
  Call call;
  call.caller.kind = Caller::Kind::user;
  call.caller.user = user;
  call.caller.session.user = user;
  call.source = "192.0.2.1";
  return call;
}

wire::Json must(Result<wire::Json> reply) {
  INFO(message(reply));
  REQUIRE(reply);
  return std::move(*reply);
}

std::string outcome(const Result<wire::Json>& reply) {
  return reply ? "ok" : std::string(wire::entry_of(reply.error().code).name);
}

std::string message(const Result<wire::Json>& reply) {
  return reply ? std::string() : reply.error().message + " " + reply.error().detail;
}

}  // namespace muster::ops::testing
