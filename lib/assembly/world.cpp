// SPDX-License-Identifier: Apache-2.0
#include "assembly/world.hpp"

#include "adapters/crypto/password_hasher.hpp"
#include "adapters/crypto/token_signer.hpp"
#include "adapters/redis/bell.hpp"
#include "adapters/sharded/operated_shards.hpp"
#include "adapters/system/clock.hpp"
#include "adapters/system/entropy.hpp"
#include "adapters/system/leased_ids.hpp"
#include "assembly/breached_file.hpp"
#include "assembly/follower.hpp"
#include "assembly/housekeeper.hpp"
#include "assembly/open_cache.hpp"
#include "assembly/prepare.hpp"
#include "assembly/worker_keeper.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/ticker.hpp"
#include "ops/access_samples.hpp"
#include "ops/authorizer.hpp"
#include "ops/feed.hpp"
#include "ops/job_runner.hpp"
#include "ops/login_throttle.hpp"
#include "ops/node_registry.hpp"
#include "ops/restore.hpp"
#include "ops/revoke_tokens.hpp"
#include "ops/tokens.hpp"
#include "ops/warm_cache.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include <unistd.h>

namespace muster::assembly {
namespace {

/// After kill -9 so much of what was asked for is not known.
constexpr std::chrono::minutes samples_saved_every{1};
constexpr int samples_saved_before_they_age = 60;
constexpr std::chrono::minutes compare_interval{1};
constexpr std::size_t compared_at_a_time = 32;

using Breached = std::shared_ptr<const model::BreachedList>;

std::string host_name() {
  std::string host(256, '\0');
  return gethostname(host.data(), host.size() - 1) == 0 ? host.c_str() : "";
}

std::string node_name(const Config& config) {
  return config.node_name.empty() ? host_name() : config.node_name;
}

std::shared_ptr<const ops::Settings> settings_of(const Config& config, Breached breached) {
  auto settings = std::make_shared<ops::Settings>();
  settings->token_access_ttl = config.token_access_ttl;
  settings->token_refresh_ttl = config.token_refresh_ttl;
  if (const auto algorithm = from_word<model::SigningAlgorithm>(config.token_algorithm))
    settings->token_algorithm = *algorithm;
  settings->key_rotation_interval = config.token_key_rotation_interval;
  settings->token_issuer = config.token_issuer;
  settings->token_audience = config.token_audience;
  settings->self_registration = config.users_self_registration;
  settings->sessions_per_user_max = static_cast<std::size_t>(config.session_per_user_max);
  settings->login_failures_max = static_cast<std::size_t>(config.login_failures_max);
  settings->login_failures_in_a_row_max = static_cast<std::size_t>(config.login_failures_in_a_row_max);
  settings->login_failures_per_address_max = static_cast<std::size_t>(config.login_failures_per_address_max);
  settings->login_failure_window = config.login_failure_window;
  settings->breached = std::move(breached);
  settings->backup_directory = config.backup_directory;
  settings->data_directory = config.data_dir;
  settings->node_name = node_name(config);
  return settings;
}

}  // namespace

struct World::Parts {
  Parts(const Config& given, ports::Meter& meter, sqlite::FileLock data_lock, Opened opened, Time mark,
        std::string node_id, std::unique_ptr<ports::PasswordHasher> argon2, Breached breached)
      : config(given),
        lock(std::move(data_lock)),
        sealer(std::move(opened.sealer)),
        store(std::move(opened.store)),
        shards(store->shards()),
        clock(mark),
        ids(system::last_id_before(mark)),
        worker(*store, clock, ids, host_name() + "/" + std::to_string(getpid())),
        hasher(std::move(argon2), hashing_permits()),
        signer({.issuer = config.token_issuer, .audience = config.token_audience}, *sealer),
        authorizer(*store, clock, static_cast<std::size_t>(config.authorization_remembered_users_max)),
        tokens(*store, clock, entropy, signer, *sealer,
               static_cast<std::size_t>(config.token_remembered_max)),
        context{*store,
                clock,
                entropy,
                ids,
                hasher,
                signer,
                *sealer,
                meter,
                authorizer,
                tokens,
                jobs,
                login_throttle,
                settings_of(config, std::move(breached))},
        feed(context),
        nodes(context, {std::move(node_id), node_name(config), config.revocation_max_staleness}),
        follower(feed, nodes, config.feed_poll_interval),
        housekeeper(context) {
    context.sharding = &shards;
    context.access_samples = &samples;
    if (!store->is_shared()) return;
    context.feed = &feed;
    context.nodes = &nodes;
    authorizer.refuse_when_old(feed.age());
    tokens.refuse_when_old(feed.age());
  }

  Status start() {
    if (const auto loaded = samples.load(samples_file()); !loaded)
      log::warn("{}: which users are asked for is learned anew", loaded.error().message);
    MUSTER_CHECK_OK(worker.start());
    MUSTER_CHECK_OK(seed_builtin_roles(*store));
    // What is read into memory after this is followed from here on.
    MUSTER_CHECK_OK(feed.begin(config.revocation_max_staleness));
    MUSTER_CHECK_OK(tokens.load(*context.settings()));
    MUSTER_CHECK_OK(authorizer.load());
    MUSTER_TRY(const bool restored, ops::finish_restore(context));
    if (restored)
      log::warn("the store was restored from a backup: every session has ended, and new keys sign");
    // What other daemons change is heard of in time, or the store is asked.
    const auto may_use = [this] { return !feed.age().is_too_old(); };
    MUSTER_TRY(const auto redis,
               find_redis(config, *store, entropy, restored ? Keys::anew : Keys::as_before));
    cache = open_cache(config, *store, entropy, redis, may_use);
    context.users_cache = cache.get();
    // A disk that is full now need not keep the daemon from serving: housekeeping tries again.
    if (const auto finished = ops::finish_role_revocations(context); !finished)
      log::warn("a revocation by role is not finished yet: {} {}", finished.error().message,
                finished.error().detail);
    ops::JobRunnerTerms terms;
    if (feed.is_needed()) {
      MUSTER_CHECK_OK(nodes.enter());
      MUSTER_CHECK_OK(feed.poll());
      follower.start();
      if (redis) nudge(*redis);
      terms = {nodes.self().id, ops::NodeRegistry::is_gone};
    }
    MUSTER_CHECK_OK(jobs.start(context, std::move(terms)));
    housekeeper.start();
    sampler = std::make_unique<Ticker>(samples_saved_every, [this] { save_samples(); });
    warm_at_start();
    comparer = std::make_unique<Ticker>(compare_interval, [this] { compare_cache(); });
    return {};
  }

  /// This daemon's changes are known elsewhere sooner than they are looked for, and others' here.
  void nudge(const SharedRedis& redis) {
    const redis::BellTerms terms{"muster:" + redis.name + ":nudge", hex_encode(entropy.bytes(8))};
    ringer = std::make_unique<redis::Ringer>(redis.url, redis.passwords, terms);
    const auto tell = [this] { ringer->ring(); };
    context.tell_others = tell;
    nodes.on_urgent(tell);
    store->on_passed(tell);
    listener =
        std::make_unique<redis::Listener>(redis.url, redis.passwords, terms, [this] { follower.wake(); });
  }

  [[nodiscard]] std::string samples_file() const { return config.data_dir + "/accesses"; }

  void save_samples() {
    if (samples.accesses() == samples_saved) return;
    samples_saved = samples.accesses();
    if (const auto saved = samples.save(samples_file()); !saved)
      log::warn("which users are asked for is not kept: {}", saved.error().message);
    if (++samples_saved_times % samples_saved_before_they_age == 0) samples.age();
  }

  void warm_at_start() {
    if (config.cache_warm_at_start == Duration::zero()) return;
    context.is_warming = true;
    warmer = std::thread([this, until = std::chrono::steady_clock::now() + config.cache_warm_at_start] {
      ops::warm_at_start(context, [&] { return !stopping && std::chrono::steady_clock::now() < until; });
      context.is_warming = false;
    });
  }

  /// A few of what is cached, to learn early of what should never be.
  void compare_cache() {
    const auto comparison = cache->compare(compared_at_a_time);
    if (comparison && !comparison->inconsistent.empty())
      log::error("{} of {} users that are cached differ from the store: musterctl cache flush",
                 comparison->inconsistent.size(), comparison->compared);
  }

  void stop() {
    stopping = true;
    if (warmer.joinable()) warmer.join();
    comparer.reset();
    sampler.reset();
    save_samples();
    housekeeper.stop();
    jobs.stop();
    listener.reset();
    follower.stop();
    nodes.leave();
    worker.stop();
  }

  Config config;
  sqlite::FileLock lock;
  std::unique_ptr<ports::Sealer> sealer;
  std::unique_ptr<redis::Ringer> ringer;  ///< Goes after the store, whose threads use it.
  std::unique_ptr<sharded::ShardedStore> store;
  sharded::OperatedShards shards;
  system::SystemClock clock;
  system::SystemEntropy entropy;
  system::LeasedIds ids;
  WorkerKeeper worker;
  GatedHasher hasher;
  crypto::JwtSigner signer;
  ops::Authorizer authorizer;
  ops::Tokens tokens;
  ops::JobRunner jobs;
  ops::LoginThrottle login_throttle;
  ops::AccessSamples samples;
  std::uint64_t samples_saved = 0;
  int samples_saved_times = 0;
  std::unique_ptr<cached::UserCache> cache;
  ops::Context context;
  ops::Feed feed;
  ops::NodeRegistry nodes;
  Follower follower;
  std::unique_ptr<redis::Listener> listener;
  Housekeeper housekeeper;
  std::unique_ptr<Ticker> sampler;
  std::atomic<bool> stopping = false;
  std::thread warmer;
  std::unique_ptr<Ticker> comparer;
};

Result<std::unique_ptr<World>> World::open(const Config& config, ports::Meter& meter) {
  MUSTER_TRY(Breached breached, read_breached_file(config.password_breached_file));
  MUSTER_CHECK_OK(prepare_data_dir(config.data_dir));
  MUSTER_TRY(auto lock, sqlite::FileLock::acquire(config.data_dir + "/musterd"));
  MUSTER_TRY(Opened opened, open_sealed_store(config));
  MUSTER_TRY(const Time mark, clock_mark(*opened.store));
  if (const Time wall = system::wall_clock(); wall < mark)
    log::warn(
        "the system's clock says {}, but it was {} before: until it has caught up, time stands still here "
        "and no users can be created; set the clock right",
        format_time(wall), format_time(mark));
  MUSTER_TRY(std::unique_ptr<ports::PasswordHasher> hasher,
             crypto::Argon2Hasher::create({static_cast<std::uint32_t>(config.argon2_memory_kib),
                                           static_cast<std::uint32_t>(config.argon2_iterations),
                                           static_cast<std::uint32_t>(config.argon2_parallelism)}));
  MUSTER_TRY(std::string node_id, find_node_id(config.data_dir));
  auto parts = std::make_unique<Parts>(config, meter, std::move(lock), std::move(opened), mark,
                                       std::move(node_id), std::move(hasher), std::move(breached));
  MUSTER_CHECK_OK(parts->start());
  return std::unique_ptr<World>(new World(std::move(parts)));
}

World::World(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

World::~World() {
  parts_->stop();
}

ops::Context& World::context() {
  return parts_->context;
}

void World::apply(const Config& config) {
  parts_->config = with_reloadable(parts_->config, config);
  auto breached = read_breached_file(parts_->config.password_breached_file);
  if (!breached) log::error("the breached passwords read before stay in use: {}", breached.error().message);
  parts_->context.change_settings(
      settings_of(parts_->config, breached ? *breached : parts_->context.settings()->breached));
}

HashingCounters World::hashing_counters() const {
  return parts_->hasher.counters();
}

Duration World::clock_behind() const {
  return parts_->clock.behind();
}

std::optional<NudgeCounters> World::nudge_counters() const {
  if (!parts_->listener) return std::nullopt;
  const auto sent = parts_->ringer->counters();
  const auto heard = parts_->listener->counters();
  return NudgeCounters{sent.sent, sent.failed, heard.heard, heard.is_listening};
}

std::size_t hashing_permits() {
  return std::max(1U, std::thread::hardware_concurrency());
}

Config with_reloadable(const Config& before, const Config& after) {
  Config out = before;
  for (const ConfigField& field : config_fields())
    if (field.reload == Reload::at_once) (void)set_config_field(out, field, config_field_text(after, field));
  return out;
}

}  // namespace muster::assembly
