// SPDX-License-Identifier: Apache-2.0
#include "support/galera_cluster.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <unistd.h>

namespace muster::test {
namespace {

constexpr const char* provider = "/usr/lib/galera/libgalera_smm.so";

// All nodes begin with copies of the same data, so that what a joining one lacks is in the log of the others:
// nothing but the position is to be handed over.
constexpr const char* hand_over = R"(#!/bin/sh
at="$(dirname "$0")/position"
case "$*" in
  *joiner*)
    rm -f "$at"
    echo "ready 127.0.0.1:1/position"
    for i in $(seq 1200); do [ -f "$at" ] && break; sleep 0.05; done
    cat "$at"
    ;;
  *)
    while [ $# -gt 0 ]; do
      [ "$1" = --gtid ] && position="$2"
      [ "$1" = --gtid-domain-id ] && domain="$2"
      shift
    done
    echo "$position $domain" > "$at.new"
    mv "$at.new" "$at"
    echo "done $position $domain"
    ;;
esac
)";

std::vector<std::string> options_of(int number, int port, const std::string& address) {
  const std::string peers = std::to_string(port);
  std::vector<std::string> options{"--wsrep-on=ON",
                                   std::string("--wsrep-provider=") + provider,
                                   "--wsrep-cluster-address=gcomm://" + address,
                                   "--wsrep-node-address=127.0.0.1",
                                   "--wsrep-node-name=node" + std::to_string(number),
                                   "--wsrep-sst-method=position",
                                   "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:" + peers +
                                       ";ist.recv_addr=127.0.0.1:" + std::to_string(free_port()) +
                                       ";gcache.size=8M;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT4S"
                                       ";evs.keepalive_period=PT0.5S",
                                   "--binlog-format=ROW",
                                   "--innodb-autoinc-lock-mode=2",
                                   "--default-storage-engine=InnoDB"};
  if (address.empty()) options.emplace_back("--wsrep-new-cluster");
  return options;
}

void wait_until_ready(const MysqlServer& node) {
  const bool ready = eventually(
      [&] { return node.execute("SHOW STATUS LIKE 'wsrep_ready'").find("ON") != std::string::npos; });
  if (!ready) throw std::runtime_error("the node of the cluster does not become ready");
}

}  // namespace

GaleraCluster::GaleraCluster(int nodes) {
  if (access(provider, R_OK) != 0)
    throw std::runtime_error(std::string(provider) + " is not there: tests/run installs what the tests need");
  const std::string script = scripts_.path() + "/wsrep_sst_position";
  write_file(script, hand_over);
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const Environment environment{{"PATH", scripts_.path() + ":" + std::getenv("PATH")}};

  const int port = free_port();
  nodes_.push_back(std::make_unique<MysqlServer>(ServerKind::mariadb, options_of(1, port, ""),
                                                 Origin{{}, environment, {}}));
  wait_until_ready(node(0));
  // Data at rest, with the cluster's name in it, is what all begin with.
  node(0).stop();
  const TemporaryFolder origin;
  const std::string data = origin.path() + "/data";
  std::filesystem::copy(node(0).folder() + "/data", data, std::filesystem::copy_options::recursive);
  node(0).start();
  wait_until_ready(node(0));
  for (int number = 2; number <= nodes; ++number) {
    nodes_.push_back(std::make_unique<MysqlServer>(
        ServerKind::mariadb, options_of(number, free_port(), "127.0.0.1:" + std::to_string(port)),
        Origin{data, environment, {}}));
    wait_until_ready(*nodes_.back());
  }
}

std::string GaleraCluster::dsn(std::size_t first, const std::string& database,
                               const std::string& parameters) const {
  std::string hosts;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    hosts +=
        (i == 0 ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(nodes_[(first + i) % nodes_.size()]->port());
  return "mysql://muster@" + hosts + "/" + database + (parameters.empty() ? "" : "?" + parameters);
}

}  // namespace muster::test
