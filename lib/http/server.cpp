// SPDX-License-Identifier: Apache-2.0
#include "http/server.hpp"

#include "http/acceptor.hpp"
#include "http/connection.hpp"
#include "http/reactor.hpp"

#include <algorithm>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLManager.h>

namespace muster::http {

namespace {

constexpr std::chrono::milliseconds tick_min{10};
constexpr std::chrono::milliseconds tick_max{100};

// A deadline is met within a tick, so the tick follows the shortest of them.
std::chrono::milliseconds tick_for(const Limits& limits) {
  const auto shortest = std::min({limits.header_time, limits.body_time, limits.write_time, limits.idle_time});
  return std::clamp(shortest / 10, tick_min, tick_max);
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Handler handler, ErrorBody error_body) : options_(std::move(options)) {
    front_.limits = options_.limits;
    front_.gzip = options_.gzip;
    front_.handler = std::move(handler);
    front_.error_body = std::move(error_body);
  }

  Status start() {
    // OpenSSL writes to sockets without MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
    Poco::Net::initializeSSL();
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    const auto count = options_.reactors == 0 ? cores : options_.reactors;
    acceptor_.reset();
    reactors_.clear();
    try {
      for (unsigned i = 0; i < count; ++i)
        reactors_.push_back(std::make_unique<Reactor>(tick_for(options_.limits)));
    } catch (const std::system_error& error) {
      return fail(ErrorCode::unavailable, std::string("cannot start the HTTP front: ") + error.what());
    }
    acceptor_ = std::make_unique<Acceptor>(front_, reactors_);
    for (const auto& listener : options_.listeners) MUSTER_CHECK_OK(acceptor_->listen(listener));
    addresses_ = acceptor_->addresses();
    acceptor_->open();
    for (const auto& reactor : reactors_) reactor->start();
    running_ = true;
    return {};
  }

  void drain(std::chrono::milliseconds time) {
    if (!std::exchange(running_, false)) return;
    const auto deadline = Reactor::Clock::now() + time;
    reactors_.front()->mailbox()->post([this] { acceptor_->close(); });
    for (const auto& reactor : reactors_) reactor->mailbox()->post([&reactor] { reactor->drain(); });
    {
      std::unique_lock lock(front_.mutex);
      front_.emptied.wait_until(lock, deadline, [this] { return front_.connections_open.load() == 0; });
    }
    for (const auto& reactor : reactors_) reactor->stop_and_join();
  }

  Status reload_tls() { return acceptor_ ? acceptor_->reload_tls() : Status{}; }
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

  [[nodiscard]] ServerCounters counters() const {
    return {front_.connections_open.load(), front_.connections_accepted.load(),
            front_.connections_refused.load(), front_.connections_timed_out.load(),
            front_.requests_malformed.load()};
  }

 private:
  ServerOptions options_;
  Front front_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::unique_ptr<Acceptor> acceptor_;
  bool running_ = false;
};

Server::Server(ServerOptions options, Handler handler, ErrorBody error_body)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler), std::move(error_body))) {}

Server::~Server() {
  drain(std::chrono::milliseconds{0});
}

Status Server::start() {
  return impl_->start();
}
std::vector<std::string> Server::addresses() const {
  return impl_->addresses();
}
Status Server::reload_tls() {
  return impl_->reload_tls();
}
void Server::drain(std::chrono::milliseconds time) {
  impl_->drain(time);
}
ServerCounters Server::counters() const {
  return impl_->counters();
}

}  // namespace muster::http
