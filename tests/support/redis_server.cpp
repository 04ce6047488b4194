// SPDX-License-Identifier: Apache-2.0
#include "support/redis_server.hpp"

#include "support/mysql_server.hpp"

#include <algorithm>
#include <csignal>
#include <sstream>
#include <stdexcept>

namespace muster::test {
namespace {

std::string cli(const std::vector<std::string>& words) {
  std::vector<std::string> command{"redis-cli"};
  command.insert(command.end(), words.begin(), words.end());
  Finished done;
  // Whoever is made a primary or a replica lets go of its clients.
  eventually([&] {
    done = run(command);
    return done.status == 0 || (done.out + done.err).find("closed the connection") == std::string::npos;
  });
  if (done.status != 0) throw std::runtime_error("redis-cli: " + done.out + done.err);
  return done.out;
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> options)
    : options_(std::move(options)), port_(free_port()) {
  start();
}

void RedisServer::start() {
  std::vector<std::string> command{"/usr/bin/redis-server"};
  command.insert(command.end(), options_.begin(), options_.end());
  command.insert(command.end(), {"--port", std::to_string(port_), "--bind", "127.0.0.1", "--dir",
                                 folder_.path(), "--save", "", "--protected-mode", "no"});
  process_ = std::make_unique<Process>(command, folder_.path());
  const bool ready = eventually([&] {
    if (!process_->is_running()) return true;
    const Finished asked = run({"redis-cli", "-p", std::to_string(port_), "ping"});
    return asked.out.starts_with("PONG") || asked.out.starts_with("NOAUTH") ||
           asked.out.starts_with("LOADING");
  });
  if (!ready || !process_->is_running())
    throw std::runtime_error("no redis-server: " + process_->out() + process_->err());
}

void RedisServer::kill() {
  process_->signal(SIGKILL);
  process_->wait(std::chrono::seconds(10));
}

void RedisServer::freeze() const {
  process_->signal(SIGSTOP);
  const std::string path = "/proc/" + std::to_string(process_->id()) + "/stat";
  eventually([&] { return read_file(path).find(") T ") != std::string::npos; });
}

void RedisServer::thaw() const {
  process_->signal(SIGCONT);
}

std::string RedisServer::say(const std::vector<std::string>& words) const {
  std::vector<std::string> all{"-p", std::to_string(port_)};
  all.insert(all.end(), words.begin(), words.end());
  return cli(all);
}

std::string RedisServer::role() const {
  const Finished asked = run({"redis-cli", "-p", std::to_string(port_), "role"});
  return asked.out.substr(0, asked.out.find('\n'));
}

RedisSentinels::RedisSentinels() : folders_(3) {
  servers.push_back(std::make_unique<RedisServer>());
  const std::string port = std::to_string(servers.front()->port());
  for (int i = 0; i < 2; ++i)
    servers.push_back(
        std::make_unique<RedisServer>(std::vector<std::string>{"--replicaof", "127.0.0.1 " + port}));
  for (const TemporaryFolder& folder : folders_) {
    // A sentinel writes what it learns into its configuration.
    const std::string path = folder.path() + "/sentinel.conf";
    write_file(path, "sentinel monitor main 127.0.0.1 " + port +
                         " 2\nsentinel down-after-milliseconds main 500\n"
                         "sentinel failover-timeout main 3000\n");
    sentinels.push_back(std::make_unique<RedisServer>(std::vector<std::string>{path, "--sentinel"}));
  }
  const bool met = eventually([&] {
    return std::all_of(sentinels.begin(), sentinels.end(), [](const auto& each) {
      const std::string known = each->say({"info", "sentinel"});
      return known.find("slaves=2,sentinels=3") != std::string::npos;
    });
  });
  if (!met) throw std::runtime_error("the sentinels did not meet");
}

std::string RedisSentinels::url() const {
  std::string list;
  for (const auto& each : sentinels) list += (list.empty() ? "" : ",") + each->address();
  return "redis+sentinel://" + list + "/main";
}

RedisServer& RedisSentinels::primary() const {
  RedisServer* found = nullptr;
  // Between two of them there is none.
  const bool there = eventually([&] {
    for (const auto& each : servers)
      if (each->role() == "master") found = each.get();
    return found != nullptr;
  });
  if (!there) throw std::runtime_error("there is no primary");
  return *found;
}

RedisCluster::RedisCluster() {
  std::vector<std::string> command{"redis-cli", "--cluster", "create"};
  for (int i = 0; i < 6; ++i) {
    nodes.push_back(std::make_unique<RedisServer>(
        std::vector<std::string>{"--cluster-enabled", "yes", "--cluster-node-timeout", "1000",
                                 "--cluster-port", std::to_string(free_port())}));
    command.push_back(nodes.back()->address());
  }
  command.insert(command.end(), {"--cluster-replicas", "1", "--cluster-yes"});
  const Finished made = run(command);
  if (made.status != 0) throw std::runtime_error("no cluster: " + made.out + made.err);
  const bool met = eventually([&] {
    return std::all_of(nodes.begin(), nodes.end(), [](const auto& each) {
      return each->say({"cluster", "info"}).find("cluster_state:ok") != std::string::npos;
    });
  });
  if (!met) throw std::runtime_error("the nodes of the cluster did not meet");
}

std::string RedisCluster::url() const {
  return "redis+cluster://" + nodes[0]->address() + "," + nodes[1]->address();
}

RedisServer& RedisCluster::owner_of(int slot) const {
  // id address flags primary ping pong epoch state ranges...
  std::istringstream lines(nodes.front()->say({"cluster", "nodes"}));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::vector<std::string> all;
    for (std::string word; words >> word;) all.push_back(word);
    for (std::size_t i = 8; i < all.size(); ++i) {
      // Of a slot on its way: [slot->-node].
      if (all[i].starts_with('[')) continue;
      const std::size_t dash = all[i].find('-');
      const int first = std::stoi(all[i]);
      const int last = dash == std::string::npos ? first : std::stoi(all[i].substr(dash + 1));
      if (slot < first || slot > last) continue;
      for (const auto& node : nodes)
        if (all[1].starts_with(node->address() + "@")) return *node;
    }
  }
  throw std::runtime_error("nobody has slot " + std::to_string(slot));
}

std::string RedisCluster::id_of(const RedisServer& node) {
  std::string id = node.say({"cluster", "myid"});
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

}  // namespace muster::test
