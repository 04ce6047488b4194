// SPDX-License-Identifier: Apache-2.0
#include "adapters/redis/topology.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <shared_mutex>

namespace muster::redis {
namespace {

// Who looks again sooner would find what was found.
constexpr std::chrono::milliseconds look_interval{50};

Access access_of(const Url& url, const Secret& password) {
  return {url.user, password, url.database, url.connect_timeout, url.command_timeout};
}

Node::Limits limits_of(const Url& url) {
  return {url.connections_max, url.connection_wait};
}

Error nobody_knows(const Url& url, const std::string& why) {
  return {ErrorCode::unavailable, "Redis cannot be reached", url.text() + ": " + why, {}, {}};
}

/// The nodes that were ever needed, by address.
class NodeTable {
 public:
  NodeTable(const Url& url, const Secret& password)
      : access_(access_of(url, password)), limits_(limits_of(url)) {}

  std::shared_ptr<Node> at(const Host& host) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Node>& node = nodes_[host.text()];
    if (!node) node = std::make_shared<Node>(host, access_, limits_);
    return node;
  }
  void keep(const std::vector<Host>& hosts) {
    const std::lock_guard lock(mutex_);
    std::erase_if(nodes_, [&](const auto& each) {
      return std::find(hosts.begin(), hosts.end(), each.second->host()) == hosts.end();
    });
  }
  [[nodiscard]] std::vector<std::shared_ptr<Node>> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Node>> out;
    for (const auto& [name, node] : nodes_) out.push_back(node);
    return out;
  }

 private:
  const Access access_;
  const Node::Limits limits_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Node>> nodes_;
};

class SingleTopology final : public Topology {
 public:
  SingleTopology(const Url& url, const Secret& password)
      : node_(std::make_shared<Node>(url.hosts.front(), access_of(url, password), limits_of(url))) {}

  Result<std::shared_ptr<Node>> node_of(std::string_view /*key*/) override { return node_; }
  std::shared_ptr<Node> known_node_of(std::string_view /*key*/) override { return node_; }
  std::shared_ptr<Node> node_at(const Host& /*host*/) override { return node_; }
  void note_moved(std::uint16_t /*slot*/, const Host& /*host*/) override {}
  void note_failure(const Node& /*node*/) override {}
  [[nodiscard]] std::vector<std::shared_ptr<Node>> nodes() const override { return {node_}; }

 private:
  const std::shared_ptr<Node> node_;
};

/// One reply of one server, over a connection of its own.
Result<Reply> ask(const Host& host, const Access& access, const Words& words) {
  MUSTER_TRY(const auto link, Link::open(host, access));
  MUSTER_TRY(auto replies, link->exchange({&words, 1}));
  if (replies.front().is_error())
    return fail(ErrorCode::unavailable, "Redis cannot be reached",
                "redis " + host.text() + ": " + replies.front().text);
  return std::move(replies.front());
}

class SentinelTopology final : public Topology {
 public:
  SentinelTopology(const Url& url, const Passwords& passwords)
      : url_(url),
        sentinel_access_(access_of(url, passwords.sentinel)),
        access_(access_of(url, passwords.server)),
        nodes_(url, passwords.server),
        sentinels_(url.hosts) {
    sentinel_access_.user.clear();
    sentinel_access_.database = 0;
  }

  Result<std::shared_ptr<Node>> node_of(std::string_view /*key*/) override {
    if (auto known = primary()) return known;
    const std::lock_guard lock(looking_);
    if (auto known = primary()) return known;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return fail(nobody_knows(url_, why_));
    MUSTER_TRY(const Host host, find_primary());
    auto node = nodes_.at(host);
    nodes_.keep({host});
    const std::unique_lock change(mutex_);
    if (!last_ || *last_ != host) log::info("redis {}: the primary is {}", url_.text(), host.text());
    last_ = host;
    primary_ = node;
    return node;
  }
  std::shared_ptr<Node> known_node_of(std::string_view /*key*/) override { return primary(); }
  std::shared_ptr<Node> node_at(const Host& host) override { return nodes_.at(host); }
  void note_moved(std::uint16_t /*slot*/, const Host& /*host*/) override {}
  void note_failure(const Node& node) override {
    const std::unique_lock change(mutex_);
    if (primary_.get() == &node) primary_.reset();
  }
  [[nodiscard]] std::vector<std::shared_ptr<Node>> nodes() const override { return nodes_.all(); }

 private:
  std::shared_ptr<Node> primary() const {
    const std::shared_lock lock(mutex_);
    return primary_;
  }

  Result<Host> find_primary() {
    why_ = "no sentinel answers";
    for (std::size_t i = 0; i < sentinels_.size(); ++i) {
      auto host = ask_sentinel(sentinels_[i]);
      if (host) {
        // The next one asks this one first.
        std::rotate(sentinels_.begin(), sentinels_.begin() + static_cast<std::ptrdiff_t>(i),
                    sentinels_.end());
        return host;
      }
      why_ = host.error().detail;
    }
    next_look_ = std::chrono::steady_clock::now() + look_interval;
    return fail(nobody_knows(url_, why_));
  }

  Result<Host> ask_sentinel(const Host& sentinel) const {
    MUSTER_TRY(const Reply reply,
               ask(sentinel, sentinel_access_, {"SENTINEL", "get-master-addr-by-name", url_.primary}));
    if (reply.items.size() != 2)
      return fail(nobody_knows(url_, "the sentinel at " + sentinel.text() + " knows no such primary"));
    Host host{reply.items[0].text, 0};
    const std::string& port = reply.items[1].text;
    std::from_chars(port.data(), port.data() + port.size(), host.port);
    // A sentinel that was cut off names the one that it knew.
    MUSTER_TRY(const Reply role, ask(host, access_, {"ROLE"}));
    if (role.items.empty() || role.items[0].text != "master")
      return fail(nobody_knows(url_, host.text() + " is not a primary now"));
    return host;
  }

  const Url url_;
  Access sentinel_access_;
  const Access access_;
  NodeTable nodes_;
  std::mutex looking_;  ///< Of the one who asks; with it:
  std::vector<Host> sentinels_;
  std::chrono::steady_clock::time_point next_look_;
  std::string why_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<Node> primary_;
  std::optional<Host> last_;
};

class ClusterTopology final : public Topology {
 public:
  ClusterTopology(const Url& url, const Secret& password)
      : url_(url), access_(access_of(url, password)), nodes_(url, password), slots_(key_slots) {}

  Result<std::shared_ptr<Node>> node_of(std::string_view key) override {
    const std::uint16_t slot = slot_of_key(key);
    if (auto known = node_of_slot(slot)) return known;
    const std::lock_guard looking(looking_);
    if (auto known = node_of_slot(slot)) return known;
    MUSTER_CHECK_OK(look());
    if (auto known = node_of_slot(slot)) return known;
    return fail(nobody_knows(url_, "nobody has slot " + std::to_string(slot)));
  }
  std::shared_ptr<Node> known_node_of(std::string_view key) override {
    return node_of_slot(slot_of_key(key));
  }
  std::shared_ptr<Node> node_at(const Host& host) override { return nodes_.at(host); }
  void note_moved(std::uint16_t slot, const Host& host) override {
    auto node = nodes_.at(host);
    {
      const std::unique_lock change(mutex_);
      slots_[slot] = std::move(node);
    }
    // Seldom does one slot move alone.
    look_if_nobody_does();
  }
  void note_failure(const Node& /*node*/) override { look_if_nobody_does(); }
  [[nodiscard]] std::vector<std::shared_ptr<Node>> nodes() const override { return nodes_.all(); }

 private:
  std::shared_ptr<Node> node_of_slot(std::uint16_t slot) const {
    const std::shared_lock lock(mutex_);
    return slots_[slot];
  }

  /// The others go on with what was known.
  void look_if_nobody_does() {
    const std::unique_lock looking(looking_, std::try_to_lock);
    if (looking) static_cast<void>(look());
  }

  Status look() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return fail(nobody_knows(url_, why_));
    next_look_ = now + look_interval;
    std::vector<Host> known = url_.hosts;
    for (const auto& node : nodes_.all()) known.insert(known.begin(), node->host());
    why_ = "no node answers";
    for (const Host& host : known) {
      const auto reply = ask(host, access_, {"CLUSTER", "SLOTS"});
      if (reply && take(host, *reply)) return {};
      why_ = reply ? host.text() + " knows no slots" : reply.error().detail;
    }
    return fail(nobody_knows(url_, why_));
  }

  /// [[first slot, last slot, [host, port, id], replicas...], ...]
  bool take(const Host& asked, const Reply& reply) {
    std::vector<std::shared_ptr<Node>> slots(key_slots);
    std::vector<Host> hosts;
    for (const Reply& range : reply.items) {
      if (range.items.size() < 3 || range.items[2].items.size() < 2) continue;
      const Reply& primary = range.items[2];
      Host host{primary.items[0].text, static_cast<std::uint16_t>(primary.items[1].integer)};
      // A node that does not know its own address is where it was asked.
      if (host.name.empty()) host.name = asked.name;
      const auto first = static_cast<std::size_t>(std::max<std::int64_t>(range.items[0].integer, 0));
      const auto last = static_cast<std::size_t>(std::max<std::int64_t>(range.items[1].integer, 0));
      const auto node = nodes_.at(host);
      hosts.push_back(host);
      for (std::size_t slot = first; slot <= last && slot < key_slots; ++slot) slots[slot] = node;
    }
    if (hosts.empty()) return false;
    nodes_.keep(hosts);
    const std::unique_lock change(mutex_);
    slots_ = std::move(slots);
    return true;
  }

  const Url url_;
  const Access access_;
  NodeTable nodes_;
  std::mutex looking_;  ///< Of the one who asks; with it:
  std::chrono::steady_clock::time_point next_look_;
  std::string why_;
  mutable std::shared_mutex mutex_;
  std::vector<std::shared_ptr<Node>> slots_;
};

}  // namespace

std::uint16_t slot_of_key(std::string_view key) {
  if (const auto open = key.find('{'); open != std::string_view::npos) {
    const auto close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  std::uint16_t crc = 0;
  for (const char c : key) {
    crc = static_cast<std::uint16_t>(crc ^ (static_cast<unsigned char>(c) << 8U));
    for (int bit = 0; bit < 8; ++bit)
      crc = static_cast<std::uint16_t>((crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U);
  }
  return crc % key_slots;
}

std::unique_ptr<Topology> make_topology(const Url& url, const Passwords& passwords) {
  switch (url.layout) {
    case Layout::single:
      return std::make_unique<SingleTopology>(url, passwords.server);
    case Layout::sentinel:
      return std::make_unique<SentinelTopology>(url, passwords);
    case Layout::cluster:
      break;
  }
  return std::make_unique<ClusterTopology>(url, passwords.server);
}

}  // namespace muster::redis
