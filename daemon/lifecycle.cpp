// SPDX-License-Identifier: Apache-2.0
#include "daemon/lifecycle.hpp"

#include "assembly/config_text.hpp"
#include "assembly/world.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "daemon/answers.hpp"
#include "daemon/collectors.hpp"
#include "daemon/metrics.hpp"
#include "daemon/openapi.hpp"
#include "daemon/pipeline.hpp"
#include "daemon/trace.hpp"
#include "http/server.hpp"
#include "ops/node_registry.hpp"
#include "ports/host.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <mutex>

#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace muster::daemon {
namespace {

using assembly::Config;
using std::chrono::milliseconds;

/// Hashing threads above the permits wait for their commit while others hash.
constexpr std::size_t hashing_threads_beyond_permits = 8;
/// Files that are no connections: the database, the log, timers.
constexpr rlim_t files_beside_connections = 256;

milliseconds to_milliseconds(Duration duration) {
  return std::chrono::duration_cast<milliseconds>(duration);
}

std::size_t to_size(std::int64_t value) {
  return static_cast<std::size_t>(value);
}

/// How many connections there may be, as far as the system lets there be files.
std::int64_t connections_max(const Config& config) {
  const rlim_t wanted = static_cast<rlim_t>(config.http_connections_max) + files_beside_connections;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return config.http_connections_max;
  if (limit.rlim_cur < wanted) {
    // A privileged process may go beyond its hard limit.
    const rlimit beyond{wanted, std::max(limit.rlim_max, wanted)};
    const rlimit within{std::min(wanted, limit.rlim_max), limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &beyond) != 0) (void)setrlimit(RLIMIT_NOFILE, &within);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= wanted) return config.http_connections_max;
  const rlim_t left = limit.rlim_cur > 2 * files_beside_connections
                          ? limit.rlim_cur - files_beside_connections
                          : limit.rlim_cur / 2;
  log::info("the system allows {} open files, so there may be {} connections", limit.rlim_cur, left);
  return static_cast<std::int64_t>(left);
}

http::ServerOptions server_options(const Config& config) {
  http::ServerOptions options;
  http::Listener main{config.http_listen, {}, false};
  if (!config.http_tls_certificate_file.empty())
    main.tls = http::TlsFiles{config.http_tls_certificate_file, config.http_tls_private_key_file};
  options.listeners.push_back(std::move(main));
  if (!config.admin_listen.empty())
    // Operators come with tokens there; only a socket's peer is known by itself.
    options.listeners.push_back(
        {config.admin_listen,
         http::TlsFiles{config.admin_tls_certificate_file, config.admin_tls_private_key_file}, false});
  if (!config.admin_socket.empty()) options.listeners.push_back({"unix:" + config.admin_socket, {}, true});
  options.reactors = static_cast<unsigned>(config.http_reactors);
  options.gzip = config.http_gzip;
  http::Limits& limits = options.limits;
  limits.target_size_max_bytes = to_size(config.http_target_size_max);
  limits.header_size_max_bytes = to_size(config.http_header_size_max);
  limits.header_count_max = to_size(config.http_header_count_max);
  limits.body_size_max_bytes = to_size(config.http_body_size_max);
  limits.connections_max = to_size(connections_max(config));
  limits.connections_per_address_max = to_size(config.http_connections_per_address_max);
  limits.pipelined_max = to_size(config.http_pipelined_max);
  limits.output_pending_max_bytes = to_size(config.http_output_pending_max);
  limits.header_time = to_milliseconds(config.http_header_time);
  limits.body_time = to_milliseconds(config.http_body_time);
  limits.write_time = to_milliseconds(config.http_write_time);
  limits.idle_time = to_milliseconds(config.http_idle_time);
  return options;
}

PipelineOptions pipeline_options(const Config& config) {
  return {to_size(config.http_workers), to_size(config.http_worker_queue),
          assembly::hashing_permits() + hashing_threads_beyond_permits, to_size(config.http_hashing_queue)};
}

AccessLog access_log_of(const Config& config) {
  if (config.log_access == "off") return AccessLog::off;
  return config.log_access == "all" ? AccessLog::all : AccessLog::errors;
}

void configure_log(const Config& config) {
  const auto format = config.log_format == "json" ? log::Format::json : log::Format::text;
  (void)log::configure(format, config.log_level);
}

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

Result<assembly::LoadedConfig> load(const assembly::ConfigSources& sources) {
  MUSTER_TRY(auto loaded, assembly::load_config(sources));
  MUSTER_CHECK_OK(assembly::check_config(loaded));
  return loaded;
}

class Daemon final : public ports::Host {
 public:
  Daemon(const assembly::ConfigSources& sources, assembly::LoadedConfig loaded, assembly::World& world,
         Metrics& metrics)
      : sources_(sources),
        config_(std::move(loaded.config)),
        origins_(std::move(loaded.origins)),
        started_at_(world.context().clock.now()),
        world_(world),
        services_{world.context(),    metrics,   routes_,
                  openapi_document(), geteuid(), *Networks::parse(config_.http_trusted_proxies)},
        pipeline_(services_, pipeline_options(config_)),
        server_(
            server_options(config_),
            [this](http::Request&& request, const http::Listener& listener, http::Responder&& responder) {
              pipeline_.handle(std::move(request), listener, std::move(responder));
            },
            [&metrics](const Error& error) { return front_error(metrics, error); }) {
    apply();
    add_collectors(metrics, world_, pipeline_, server_);
    world_.context().host = this;
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() override { world_.context().host = nullptr; }

  [[nodiscard]] std::vector<ports::HostSetting> configuration() const override {
    const std::lock_guard lock(config_mutex_);
    return assembly::settings_shown(config_, origins_);
  }
  [[nodiscard]] std::vector<std::string> addresses() const override { return server_.addresses(); }
  [[nodiscard]] Time started_at() const override { return started_at_; }
  [[nodiscard]] bool is_draining() const override { return services_.draining.load(); }

  int run() {
    if (auto status = server_.start(); !status) {
      log::error("{} {}", status.error().message, status.error().detail);
      return 1;
    }
    if (ops::NodeRegistry* const nodes = world_.context().nodes) nodes->announce(server_.addresses());
    std::string where;
    for (const std::string& address : server_.addresses()) where += (where.empty() ? "" : ", ") + address;
    log::info("musterd {} serves at {}, data in {}", version, where, config_.data_dir);
    (void)sd_notifyf(0, "READY=1\nSTATUS=Serving at %s", where.c_str());
    wait_for_end();
    stop();
    return 0;
  }

 private:
  static http::Response front_error(Metrics& metrics, const Error& error) {
    std::string trace_id = new_trace_id();
    http::Response response = error_response(error, trace_id);
    response.headers.add("X-Trace-Id", std::move(trace_id));
    metrics.record_response(response.status);
    return response;
  }

  void wait_for_end() {
    std::uint64_t watchdog_microseconds = 0;
    const bool watched = sd_watchdog_enabled(0, &watchdog_microseconds) > 0;
    const std::uint64_t beat = watched ? watchdog_microseconds / 3 : 3'600'000'000;
    const timespec timeout{static_cast<time_t>(beat / 1'000'000), static_cast<long>(beat % 1'000'000) * 1000};
    const sigset_t signals = handled_signals();
    for (;;) {
      const int signal = sigtimedwait(&signals, nullptr, &timeout);
      if (signal == SIGTERM || signal == SIGINT) return;
      if (signal == SIGHUP) reload();
      if (watched) (void)sd_notify(0, "WATCHDOG=1");
    }
  }

  void reload() {
    (void)sd_notify(0, "RELOADING=1");
    auto loaded = load(sources_);
    if (!loaded) {
      log::error("the configuration was not reloaded, the old one stays in force: {}",
                 loaded.error().message);
    } else {
      for (const auto* field : assembly::changed_fields(config_, loaded->config))
        if (field->reload == assembly::Reload::needs_restart)
          log::warn("{} has changed and needs a restart: {} stays in force", field->name,
                    assembly::config_field_text(config_, *field));
        else
          log::info("{} is now {}", field->name, assembly::config_field_text(loaded->config, *field));
      {
        const std::lock_guard lock(config_mutex_);
        config_ = assembly::with_reloadable(config_, loaded->config);
        for (std::size_t i = 0; i < origins_.size(); ++i)
          if (assembly::config_fields()[i].reload == assembly::Reload::at_once)
            origins_[i] = loaded->origins[i];
      }
      world_.apply(config_);
      apply();
      if (auto status = server_.reload_tls(); !status)
        log::error("the TLS certificates were not reloaded, the old ones stay in use: {} {}",
                   status.error().message, status.error().detail);
      log::info("reloaded");
    }
    (void)sd_notify(0, "READY=1");
  }

  void apply() {
    configure_log(config_);
    pipeline_.set_access_log(access_log_of(config_));
    services_.request_time_microseconds.store(config_.http_request_time.count());
  }

  void stop() {
    log::info("stopping: up to {} for requests under way", format_duration(config_.http_drain_time));
    (void)sd_notify(0, "STOPPING=1");
    services_.draining = true;
    server_.drain(to_milliseconds(config_.http_drain_time));
    pipeline_.stop();
  }

  const assembly::ConfigSources& sources_;
  mutable std::mutex config_mutex_;  ///< What follows is written by a reload and read by requests.
  Config config_;
  std::vector<std::string> origins_;
  Time started_at_;
  assembly::World& world_;
  RouteTable routes_;
  Services services_;
  Pipeline pipeline_;
  http::Server server_;
};

}  // namespace

int serve(const assembly::ConfigSources& sources) {
  const sigset_t signals = handled_signals();
  // Before any thread is made: they inherit it, so that signals wait for the main thread.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  (void)log::configure(log::Format::text, "info");

  auto loaded = load(sources);
  if (!loaded) {
    std::cerr << loaded.error().message << "\n";
    return 1;
  }
  configure_log(loaded->config);
  for (const std::string& warning : loaded->warnings) log::warn("{}", warning);

  Metrics metrics;
  auto world = assembly::World::open(loaded->config, metrics);
  if (!world) {
    log::error("musterd cannot start: {}{}{}", world.error().message,
               world.error().detail.empty() ? "" : ": ", world.error().detail);
    return 1;
  }
  const int status = Daemon(sources, *loaded, **world, metrics).run();
  world->reset();
  if (status == 0) log::info("stopped");
  spdlog::default_logger()->flush();
  return status;
}

}  // namespace muster::daemon
