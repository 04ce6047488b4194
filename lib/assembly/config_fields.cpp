// SPDX-License-Identifier: Apache-2.0
#include "assembly/config.hpp"

#include <algorithm>
#include <array>

namespace muster::assembly {
namespace {

using enum ConfigKind;

constexpr std::int64_t millisecond = 1'000;
constexpr std::int64_t second = 1'000 * millisecond;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;

constexpr std::array fields{
    ConfigField{.name = "data_dir",
                .kind = path,
                .member = &Config::data_dir,
                .default_text = "/var/lib/muster",
                .description =
                    "The folder that holds the database, the master key and the local socket. It is "
                    "made with mode 0700 when it is not there, and one daemon at a time may use it."},
    ConfigField{.name = "master_key_file",
                .kind = path,
                .member = &Config::master_key_file,
                .default_text = "DATA/master.key",
                .description =
                    "The key under which signing keys are stored, 64 hexadecimal digits, readable by "
                    "its owner only. The default file is made at the first start. Without this key "
                    "the signing keys in the database cannot be opened: keep a copy elsewhere."},

    ConfigField{.name = "http.listen",
                .kind = address,
                .member = &Config::http_listen,
                .default_text = "127.0.0.1:8080",
                .description = "Where applications reach the HTTP API. Port 0 takes any free one."},
    ConfigField{.name = "http.gzip",
                .kind = boolean,
                .member = &Config::http_gzip,
                .default_text = "true",
                .description = "Compress large answers for clients that accept it."},
    ConfigField{.name = "http.reactors",
                .kind = integer,
                .member = &Config::http_reactors,
                .default_text = "0",
                .minimum = 0,
                .maximum = 256,
                .description = "Threads that read and write connections; 0 means one for each core."},
    ConfigField{.name = "http.workers",
                .kind = integer,
                .member = &Config::http_workers,
                .default_text = "64",
                .minimum = 1,
                .maximum = 1024,
                .description = "Threads that run requests which touch the store."},
    ConfigField{.name = "http.worker_queue",
                .kind = integer,
                .member = &Config::http_worker_queue,
                .default_text = "4096",
                .minimum = 1,
                .maximum = 100'000,
                .description = "Requests that may wait for a worker; more are answered 503."},
    ConfigField{.name = "http.hashing_queue",
                .kind = integer,
                .member = &Config::http_hashing_queue,
                .default_text = "64",
                .minimum = 1,
                .maximum = 100'000,
                .description = "Logins and other requests with a password that may wait for a core; more are "
                               "answered 503."},
    ConfigField{.name = "http.request_time",
                .kind = duration,
                .member = &Config::http_request_time,
                .default_text = "30s",
                .minimum = 100 * millisecond,
                .maximum = hour,
                .reload = Reload::at_once,
                .description = "A request that has waited this long in a queue is answered 504."},
    ConfigField{.name = "http.drain_time",
                .kind = duration,
                .member = &Config::http_drain_time,
                .default_text = "20s",
                .minimum = 0,
                .maximum = hour,
                .reload = Reload::at_once,
                .description = "How long a stopping daemon waits for requests under way."},
    ConfigField{.name = "http.trusted_proxies",
                .kind = list,
                .member = &Config::http_trusted_proxies,
                .default_text = "",
                .minimum = 0,
                .maximum = 64,
                .description =
                    "Addresses and networks (10.0.0.0/8) of the proxies and applications whose "
                    "X-Forwarded-For is believed: a request's client, in sessions, the audit log and the "
                    "throttle of logins, is then the last address in it that is none of theirs."},
    ConfigField{.name = "http.tls.certificate_file",
                .kind = path,
                .member = &Config::http_tls_certificate_file,
                .default_text = "",
                .description =
                    "PEM file with the certificate chain; with it and the private key the API speaks "
                    "HTTPS. A reload reads a changed file again."},
    ConfigField{.name = "http.tls.private_key_file",
                .kind = path,
                .member = &Config::http_tls_private_key_file,
                .default_text = "",
                .description = "PEM file with the private key of the certificate."},
    ConfigField{.name = "http.limits.target_size",
                .kind = size,
                .member = &Config::http_target_size_max,
                .default_text = "8KiB",
                .minimum = 256,
                .maximum = mib,
                .description = "The longest request target, path and query together."},
    ConfigField{.name = "http.limits.header_size",
                .kind = size,
                .member = &Config::http_header_size_max,
                .default_text = "32KiB",
                .minimum = kib,
                .maximum = 16 * mib,
                .description = "The largest header section of a request."},
    ConfigField{.name = "http.limits.header_count",
                .kind = integer,
                .member = &Config::http_header_count_max,
                .default_text = "100",
                .minimum = 8,
                .maximum = 10'000,
                .description = "The most header fields of a request."},
    ConfigField{.name = "http.limits.body_size",
                .kind = size,
                .member = &Config::http_body_size_max,
                .default_text = "4MiB",
                .minimum = kib,
                .maximum = 256 * mib,
                .description = "The largest body of a request."},
    ConfigField{.name = "http.limits.connections",
                .kind = integer,
                .member = &Config::http_connections_max,
                .default_text = "20000",
                .minimum = 1,
                .maximum = 1'000'000,
                .description = "The most connections at a time; more are refused. The limit of open files is "
                               "raised to fit, as far as the system allows."},
    ConfigField{.name = "http.limits.connections_per_address",
                .kind = integer,
                .member = &Config::http_connections_per_address_max,
                .default_text = "15000",
                .minimum = 0,
                .maximum = 1'000'000,
                .description = "The most connections from one address at a time (IPv6: from one network of "
                               "64 bits); more are refused. Never held against the admin socket. 0: no "
                               "limit."},
    ConfigField{.name = "http.limits.pipelined",
                .kind = integer,
                .member = &Config::http_pipelined_max,
                .default_text = "32",
                .minimum = 1,
                .maximum = 1024,
                .description = "Requests of one connection that may be under way at a time."},
    ConfigField{.name = "http.limits.output_pending",
                .kind = size,
                .member = &Config::http_output_pending_max,
                .default_text = "256KiB",
                .minimum = 16 * kib,
                .maximum = 256 * mib,
                .description = "A connection with more than this unsent is not read from."},
    ConfigField{.name = "http.limits.header_time",
                .kind = duration,
                .member = &Config::http_header_time,
                .default_text = "10s",
                .minimum = 100 * millisecond,
                .maximum = hour,
                .description = "From the first byte of a request to the end of its header section."},
    ConfigField{.name = "http.limits.body_time",
                .kind = duration,
                .member = &Config::http_body_time,
                .default_text = "30s",
                .minimum = 100 * millisecond,
                .maximum = hour,
                .description = "For the whole body of a request."},
    ConfigField{.name = "http.limits.write_time",
                .kind = duration,
                .member = &Config::http_write_time,
                .default_text = "30s",
                .minimum = 100 * millisecond,
                .maximum = hour,
                .description = "A client that takes nothing of its answer for this long is cut off."},
    ConfigField{.name = "http.limits.idle_time",
                .kind = duration,
                .member = &Config::http_idle_time,
                .default_text = "1m15s",
                .minimum = 100 * millisecond,
                .maximum = day,
                .description = "A connection without a request for this long is closed."},

    ConfigField{.name = "admin.socket",
                .kind = path,
                .member = &Config::admin_socket,
                .default_text = "DATA/musterd.sock",
                .description =
                    "The Unix socket for operators on this machine, mode 0600; \"off\" for none. Only "
                    "root and the daemon's own user are served there, with the rights of "
                    "muster-admin."},
    ConfigField{.name = "admin.listen",
                .kind = address,
                .member = &Config::admin_listen,
                .default_text = "off",
                .description =
                    "A second HTTPS address for operators, apart from http.listen; \"off\" for none. "
                    "Callers have the permissions of their token there, as everywhere."},
    ConfigField{.name = "admin.tls.certificate_file",
                .kind = path,
                .member = &Config::admin_tls_certificate_file,
                .default_text = "",
                .description = "PEM file with the certificate chain of admin.listen."},
    ConfigField{.name = "admin.tls.private_key_file",
                .kind = path,
                .member = &Config::admin_tls_private_key_file,
                .default_text = "",
                .description = "PEM file with the private key of that certificate."},

    ConfigField{
        .name = "store.catalog",
        .kind = text,
        .member = &Config::store_catalog,
        .default_text = "sqlite://DATA/muster.db",
        .minimum = 1,
        .maximum = 1024,
        .description =
            "Where roles, keys and the audit log are kept: sqlite:// and an absolute path, or "
            "mysql://user@host:port/database on a MySQL (5.7.7 or later) or MariaDB (10.2 or later) "
            "server. Several host:port, joined by commas, are tried in turn for one that can be written "
            "to. Behind a ?, joined by &: password_file (or the environment variable "
            "MUSTER_STORE_PASSWORD), socket, ssl_mode (disabled, required, verify_ca or "
            "verify_identity, the default but on this machine), ssl_ca, ssl_cert, ssl_key, "
            "connect_timeout, statement_timeout, connections_max, connections_idle_min, "
            "connection_wait, connection_lifetime, replicas (host:port, joined by commas, to read from "
            "what need not be the newest), replica_lag_max."},
    ConfigField{.name = "store.shards",
                .kind = list,
                .member = &Config::store_shards,
                .default_text = "sqlite://DATA/muster.db",
                .minimum = 1,
                .maximum = 1024,
                .description =
                    "Where users are kept, each written as in store.catalog; as long as it stands alone, the "
                    "one database has everything. At the first start the slots that users are in are spread "
                    "evenly over all of them; one that is named later is added without slots. The catalog's "
                    "own database has users only if it is named here too, or had them before."},
    ConfigField{.name = "store.readers",
                .kind = integer,
                .member = &Config::store_readers,
                .default_text = "8",
                .minimum = 1,
                .maximum = 256,
                .description =
                    "Connections for reading, at most: to a SQLite file, or to a server for all of "
                    "its databases together, with a quarter more for reads that look into "
                    "another database on their way."},
    ConfigField{.name = "store.write_queue",
                .kind = integer,
                .member = &Config::store_write_queue,
                .default_text = "4096",
                .minimum = 1,
                .maximum = 100'000,
                .description = "Changes that may wait to be written; more are answered 503."},
    ConfigField{
        .name = "store.slow_statement",
        .kind = duration,
        .member = &Config::store_slow_statement,
        .default_text = "200ms",
        .minimum = 0,
        .maximum = hour,
        .description =
            "A statement that takes a database so long is logged by its name, with the database and the "
            "plan that it has for it (never with values), once a minute at most, and counted in "
            "muster_shard_slow_statements_total. 0: none is."},

    ConfigField{.name = "token.algorithm",
                .kind = choice,
                .member = &Config::token_algorithm,
                .default_text = "ES256",
                .choices = "ES256|RS256|HS256",
                .description =
                    "How access tokens are signed. After a change the next key is of the new kind; "
                    "tokens signed with the old one stay good until they expire."},
    ConfigField{.name = "token.access_ttl",
                .kind = duration,
                .member = &Config::token_access_ttl,
                .default_text = "15m",
                .minimum = 10 * second,
                .maximum = day,
                .reload = Reload::at_once,
                .description = "How long an access token is good."},
    ConfigField{.name = "token.refresh_ttl",
                .kind = duration,
                .member = &Config::token_refresh_ttl,
                .default_text = "30d",
                .minimum = minute,
                .maximum = 3650 * day,
                .reload = Reload::at_once,
                .description = "How long a session lives without being used: each refresh begins it anew."},
    ConfigField{.name = "token.issuer",
                .kind = text,
                .member = &Config::token_issuer,
                .default_text = "muster",
                .minimum = 1,
                .maximum = 256,
                .description =
                    "The `iss` of tokens: a URL where clients discover the keys, or any name. Tokens "
                    "of another issuer are refused, so a change ends every token."},
    ConfigField{.name = "token.audience",
                .kind = text,
                .member = &Config::token_audience,
                .default_text = "muster",
                .minimum = 1,
                .maximum = 256,
                .description = "The `aud` of tokens. Tokens for another audience are refused."},
    ConfigField{.name = "token.key_rotation_interval",
                .kind = duration,
                .member = &Config::token_key_rotation_interval,
                .default_text = "30d",
                .minimum = hour,
                .maximum = 3650 * day,
                .reload = Reload::at_once,
                .description = "The age at which a signing key is replaced by the next one."},
    ConfigField{
        .name = "token.remembered",
        .kind = integer,
        .member = &Config::token_remembered_max,
        .default_text = "100000",
        .minimum = 100,
        .maximum = 100'000'000,
        .description = "Verified tokens kept in memory, so that checking one again costs no signature."},

    ConfigField{.name = "password.breached_file",
                .kind = path,
                .member = &Config::password_breached_file,
                .default_text = "",
                .reload = Reload::at_once,
                .description =
                    "A file of passwords that may not be set, one a line, beside those that Muster knows "
                    "and those it finds easy to guess; compared without regard to case. At most 50 million "
                    "lines; each takes eight bytes of memory."},
    ConfigField{.name = "password.argon2.memory_kib",
                .kind = integer,
                .member = &Config::argon2_memory_kib,
                .default_text = "19456",
                .minimum = 8,
                .maximum = 4'194'304,
                .description =
                    "Memory of one password hash in KiB. A stored hash of another cost is renewed at "
                    "its user's next login."},
    ConfigField{.name = "password.argon2.iterations",
                .kind = integer,
                .member = &Config::argon2_iterations,
                .default_text = "2",
                .minimum = 1,
                .maximum = 1000,
                .description = "Passes over that memory."},
    ConfigField{.name = "password.argon2.parallelism",
                .kind = integer,
                .member = &Config::argon2_parallelism,
                .default_text = "1",
                .minimum = 1,
                .maximum = 1,
                .description = "Lanes of one hash; libsodium computes one."},

    ConfigField{.name = "session.per_user",
                .kind = integer,
                .member = &Config::session_per_user_max,
                .default_text = "100",
                .minimum = 1,
                .maximum = 10'000,
                .reload = Reload::at_once,
                .description = "Sessions a user may have; a further login ends the oldest."},
    ConfigField{.name = "login.failures",
                .kind = integer,
                .member = &Config::login_failures_max,
                .default_text = "20",
                .minimum = 1,
                .maximum = 1'000'000,
                .reload = Reload::at_once,
                .description = "Wrong passwords for one account from one address within "
                               "login.failure_window, after which logins there are answered 429."},
    ConfigField{.name = "login.failures_in_a_row",
                .kind = integer,
                .member = &Config::login_failures_in_a_row_max,
                .default_text = "100",
                .minimum = 10,
                .maximum = 1'000'000,
                .reload = Reload::at_once,
                .description =
                    "Wrong passwords for one account without a right one, after which logins from addresses "
                    "where it has no live session must wait between attempts: 30 seconds, then twice as "
                    "long each time, up to an hour. An operator's new password ends that."},
    ConfigField{.name = "login.failures_per_address",
                .kind = integer,
                .member = &Config::login_failures_per_address_max,
                .default_text = "0",
                .minimum = 0,
                .maximum = 1'000'000,
                .reload = Reload::at_once,
                .description =
                    "Wrong passwords from one address (IPv4, or IPv6 to 64 bits) within "
                    "login.failure_window, after which logins from there are answered 429 for accounts that "
                    "have no live session there. 0: no limit, as it must be while a proxy or an application "
                    "logs everybody in from one address; see http.trusted_proxies."},
    ConfigField{.name = "login.failure_window",
                .kind = duration,
                .member = &Config::login_failure_window,
                .default_text = "5m",
                .minimum = second,
                .maximum = day,
                .reload = Reload::at_once,
                .description = "The time over which wrong passwords are counted, by each daemon for itself: "
                               "where several serve one store, allow that many times fewer."},
    ConfigField{.name = "users.self_registration",
                .kind = boolean,
                .member = &Config::users_self_registration,
                .default_text = "true",
                .reload = Reload::at_once,
                .description = "Whether anybody may register; if not, it takes the permission create:user."},
    ConfigField{.name = "revocation.max_staleness",
                .kind = duration,
                .member = &Config::revocation_max_staleness,
                .default_text = "2s",
                .minimum = 100 * millisecond,
                .maximum = minute,
                .description =
                    "How old this daemon's knowledge of what other daemons changed may be before it refuses "
                    "every token and every question of permission with 503. What is revoked or taken away on "
                    "one daemon is so on all of them after that time at the latest, whatever fails. On an "
                    "embedded store it is never old."},
    ConfigField{.name = "feed.poll_interval",
                .kind = duration,
                .member = &Config::feed_poll_interval,
                .default_text = "20ms",
                .minimum = 5 * millisecond,
                .maximum = second,
                .description =
                    "How often a daemon on a database server looks for what other daemons changed: one small "
                    "query. Where they share a Redis, it also looks as soon as one of them has changed "
                    "something, but not within 5 ms of the last look. Not on an embedded store."},
    ConfigField{.name = "node.name",
                .kind = text,
                .member = &Config::node_name,
                .default_text = "",
                .minimum = 0,
                .maximum = 128,
                .description = "What this daemon is called among those that share its store. Empty: the "
                               "machine's name."},
    ConfigField{.name = "authorization.remembered_users",
                .kind = integer,
                .member = &Config::authorization_remembered_users_max,
                .default_text = "200000",
                .minimum = 100,
                .maximum = 100'000'000,
                .description = "Users whose roles are kept in memory."},

    ConfigField{
        .name = "redis.url",
        .kind = text,
        .member = &Config::redis_url,
        .default_text = "off",
        .minimum = 0,
        .maximum = 1024,
        .description =
            "A Redis that daemons share, to be quicker: users that were read, and one channel over which "
            "they "
            "tell each other to look at the store. redis://user@host:port/database, "
            "redis+sentinel://user@host:port,host:port/primary/database or "
            "redis+cluster://user@host:port,host:port; \"off\" for none. rediss:// is not supported: let a "
            "TLS proxy on this machine listen. While it does not answer, everything goes on without it. An "
            "account of its own needs +@all ~muster:* &muster:*. "
            "Behind a ?, joined by &: connect_timeout, command_timeout, connections_max, connection_wait, "
            "password_file and, for sentinels, sentinel_password_file."},
    ConfigField{.name = "redis.password_file",
                .kind = path,
                .member = &Config::redis_password_file,
                .default_text = "",
                .description = "A file with the password of Redis in its only line; or the environment "
                               "variable MUSTER_REDIS_PASSWORD has it."},

    ConfigField{.name = "cache.memory",
                .kind = size,
                .member = &Config::cache_memory,
                .default_text = "64MiB",
                .minimum = 0,
                .maximum = 1024 * 1024 * mib,
                .description =
                    "Memory for users that were read lately, so that showing one again asks nobody. 0: none "
                    "are kept."},
    ConfigField{.name = "cache.memory_ttl",
                .kind = duration,
                .member = &Config::cache_memory_ttl,
                .default_text = "1m",
                .minimum = 10 * millisecond,
                .maximum = hour,
                .description = "How long one is kept in memory, at most; changes end it at once."},
    ConfigField{.name = "cache.redis_ttl",
                .kind = duration,
                .member = &Config::cache_redis_ttl,
                .default_text = "1h",
                .minimum = second,
                .maximum = day,
                .description = "How long one is kept in Redis, at most."},
    ConfigField{.name = "cache.negative_ttl",
                .kind = duration,
                .member = &Config::cache_negative_ttl,
                .default_text = "5s",
                .minimum = 10 * millisecond,
                .maximum = minute,
                .description = "How long it is remembered that there is no user with an id."},
    ConfigField{.name = "cache.warm_at_start",
                .kind = duration,
                .member = &Config::cache_warm_at_start,
                .default_text = "0s",
                .minimum = 0,
                .maximum = hour,
                .description =
                    "For how long at most a daemon that was started reads the users who were asked for most "
                    "before, while /readyz says that it is not ready yet. 0: it does not."},
    ConfigField{.name = "cache.filter",
                .kind = size,
                .member = &Config::cache_filter,
                .default_text = "64MiB",
                .minimum = 0,
                .maximum = 16 * 1024 * mib,
                .description =
                    "Memory, at most, for a filter over the ids of all users, so that ids of nobody are "
                    "answered without the store: three to six bytes for each user; and, where no other "
                    "daemon can write to the store, over their names: nine to eighteen bytes more, if they "
                    "fit. 0: there is none."},
    ConfigField{.name = "cache.loads",
                .kind = integer,
                .member = &Config::cache_loads_max,
                .default_text = "48",
                .minimum = 1,
                .maximum = 1024,
                .description = "Users read from the store for the cache at a time; further requests wait a "
                               "second, then are answered 503."},

    ConfigField{.name = "backup.directory",
                .kind = path,
                .member = &Config::backup_directory,
                .default_text = "DATA/backups",
                .reload = Reload::at_once,
                .description = "Where backups are written, and the only place where they are read from."},
    ConfigField{.name = "log.level",
                .kind = choice,
                .member = &Config::log_level,
                .default_text = "info",
                .choices = "trace|debug|info|warn|error|off",
                .reload = Reload::at_once,
                .description = "The least important lines that are logged."},
    ConfigField{
        .name = "log.format",
        .kind = choice,
        .member = &Config::log_format,
        .default_text = "text",
        .choices = "text|json",
        .reload = Reload::at_once,
        .description = "Lines for people, or one JSON object a line. The log goes to standard error."},
    ConfigField{.name = "log.access",
                .kind = choice,
                .member = &Config::log_access,
                .default_text = "errors",
                .choices = "off|errors|all",
                .reload = Reload::at_once,
                .description = "Which requests are logged: none, those answered 500 and above, or all."},
};

}  // namespace

std::span<const ConfigField> config_fields() {
  return fields;
}

const ConfigField* find_config_field(std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const ConfigField& field) { return field.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace muster::assembly
