// SPDX-License-Identifier: Apache-2.0
#include "http/acceptor.hpp"

#include "base/client_network.hpp"
#include "base/log.hpp"
#include "base/system_reason.hpp"
#include "http/response_writer.hpp"

#include <cerrno>
#include <utility>

#include <Poco/Exception.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::http {

namespace {

constexpr int accepts_per_event_max = 64;
constexpr std::chrono::seconds warning_interval{5};

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool is_out_of_descriptors(int error_number) {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
         error_number == ENOMEM;
}

}  // namespace

Result<Poco::Net::Context::Ptr> make_server_context(const TlsFiles& files) {
  for (const auto& file : {files.certificate_file, files.private_key_file})
    if (::access(file.c_str(), R_OK) != 0)
      return fail(ErrorCode::invalid_argument, "cannot read " + file + ": " + system_reason());
  try {
    Poco::Net::Context::Params parameters;
    parameters.certificateFile = files.certificate_file;
    parameters.privateKeyFile = files.private_key_file;
    parameters.verificationMode = Poco::Net::Context::VERIFY_NONE;
    parameters.loadDefaultCAs = false;
    parameters.cipherList = "HIGH:!aNULL:!MD5:!RC4:!3DES";
    Poco::Net::Context::Ptr context = new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, parameters);
    context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    context->preferServerCiphers();
    if (SSL_CTX_check_private_key(context->sslContext()) != 1)
      return fail(ErrorCode::invalid_argument, "the private key in " + files.private_key_file +
                                                   " does not belong to the certificate in " +
                                                   files.certificate_file);
    // A connection's output buffer moves as answers are added to it; idle connections keep no TLS buffers.
    SSL_CTX_set_mode(context->sslContext(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                                SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context->sslContext(), SSL_OP_NO_RENEGOTIATION);
    return context;
  } catch (const Poco::Exception& error) {
    return fail(ErrorCode::invalid_argument, "cannot use the certificate in " + files.certificate_file +
                                                 " with the private key in " + files.private_key_file + ": " +
                                                 error.displayText());
  }
}

// A listening socket on the first reactor, and what its connections need to know.
class Acceptor::Door final : public loop::Watched {
 public:
  Door(Acceptor& acceptor, const Listener& listener, ListeningSocket listening,
       Poco::Net::Context::Ptr context)
      : acceptor_(acceptor),
        listener_(listener),
        listening_(std::move(listening)),
        context_(std::move(context)) {}

  void watch(Reactor& reactor) {
    if (!std::exchange(watched_, true)) reactor.watch(*this, listening_.descriptor(), 0, EPOLLIN);
  }
  void unwatch(Reactor& reactor) {
    if (std::exchange(watched_, false)) reactor.watch(*this, listening_.descriptor(), EPOLLIN, 0);
  }
  void on_event(std::uint32_t /*events*/) override { acceptor_.on_door(*this); }
  void close(Reactor& reactor) {
    unwatch(reactor);
    listening_.close();
  }

  [[nodiscard]] const Listener& listener() const { return listener_; }
  [[nodiscard]] const ListeningSocket& listening() const { return listening_; }
  [[nodiscard]] Poco::Net::Context::Ptr context() const {
    const std::lock_guard lock(mutex_);
    return context_;
  }
  void set_context(Poco::Net::Context::Ptr context) {
    const std::lock_guard lock(mutex_);
    context_.swap(context);
  }

 private:
  Acceptor& acceptor_;
  const Listener& listener_;
  ListeningSocket listening_;
  mutable std::mutex mutex_;
  Poco::Net::Context::Ptr context_;
  bool watched_ = false;
};

Acceptor::Acceptor(Front& front, const std::vector<std::unique_ptr<Reactor>>& reactors)
    : front_(front), reactors_(reactors), reserve_descriptor_(open_reserve()) {}

Acceptor::~Acceptor() {
  if (reserve_descriptor_ >= 0) ::close(reserve_descriptor_);
}

Status Acceptor::listen(const Listener& listener) {
  Poco::Net::Context::Ptr context;
  if (listener.tls) {
    MUSTER_TRY(context, make_server_context(*listener.tls));
  }
  MUSTER_TRY(auto listening, ListeningSocket::open(listener.address));
  doors_.push_back(std::make_unique<Door>(*this, listener, std::move(listening), std::move(context)));
  return {};
}

std::vector<std::string> Acceptor::addresses() const {
  std::vector<std::string> addresses;
  for (const auto& door : doors_) addresses.push_back(door->listening().address());
  return addresses;
}

Status Acceptor::reload_tls() {
  // All or nothing: the first bad file leaves every listener as it was.
  std::vector<std::pair<Door*, Poco::Net::Context::Ptr>> fresh;
  for (const auto& door : doors_) {
    if (!door->listener().tls) continue;
    MUSTER_TRY(auto context, make_server_context(*door->listener().tls));
    fresh.emplace_back(door.get(), std::move(context));
  }
  for (auto& [door, context] : fresh) door->set_context(std::move(context));
  return {};
}

void Acceptor::open() {
  for (const auto& door : doors_) door->watch(*reactors_.front());
  reactors_.front()->set_on_tick([this] { on_tick(); });
}

void Acceptor::close() {
  reactors_.front()->set_on_tick({});
  for (const auto& door : doors_) door->close(*reactors_.front());
}

void Acceptor::on_door(Door& door) {
  for (int i = 0; i < accepts_per_event_max; ++i) {
    auto accepted = door.listening().accept();
    if (accepted.descriptor >= 0) {
      admit(door, std::move(accepted));
    } else if (is_out_of_descriptors(accepted.error_number)) {
      return turn_away(door, accepted.error_number);
    } else if (accepted.error_number == EAGAIN || accepted.error_number == EWOULDBLOCK) {
      return;
    }
    // Any other error concerns one connection that is gone again.
  }
}

void Acceptor::admit(Door& door, ListeningSocket::Accepted accepted) {
  if (front_.connections_open.load(std::memory_order_relaxed) >= front_.limits.connections_max)
    return refuse(door, accepted);
  std::string network;
  if (front_.limits.connections_per_address_max > 0 && !door.listener().admin)
    network = client_network(accepted.peer.address);
  if (!network.empty() && !front_.enter(network)) return refuse(door, accepted);
  front_.connections_accepted.fetch_add(1, std::memory_order_relaxed);
  front_.connections_open.fetch_add(1, std::memory_order_relaxed);
  auto& reactor = quietest();
  reactor.expect_connection();
  const auto context = door.context();
  accepted.peer.secure = !context.isNull();
  auto connection =
      std::make_shared<Connection>(front_, reactor, door.listener(), Transport(accepted.descriptor, context),
                                   std::move(accepted.peer), std::move(network));
  if (&reactor == reactors_.front().get())
    reactor.adopt(connection);
  else
    reactor.mailbox()->post([&reactor, connection = std::move(connection)] { reactor.adopt(connection); });
}

void Acceptor::refuse(Door& door, const ListeningSocket::Accepted& accepted) {
  front_.connections_refused.fetch_add(1, std::memory_order_relaxed);
  if (!door.listener().tls) {
    // Whether it arrives is luck; the connection is not worth more.
    std::string text;
    write_response(text, front_.error_body({ErrorCode::overloaded, "Too many connections.", {}, {}, {}}),
                   {.close = true}, server_and_date(std::time(nullptr)));
    [[maybe_unused]] const auto sent = ::send(accepted.descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    ::shutdown(accepted.descriptor, SHUT_WR);
  }
  ::close(accepted.descriptor);
}

void Acceptor::turn_away(Door& door, int error_number) {
  auto& reactor = *reactors_.front();
  if (reactor.now() >= next_warning_) {
    next_warning_ = reactor.now() + warning_interval;
    log::warn("Connections to {} are turned away: {}. {} are open; raise the limit of open files.",
              door.listening().address(), system_reason(error_number), front_.connections_open.load());
  }
  if (reserve_descriptor_ >= 0) {
    ::close(reserve_descriptor_);
    const auto accepted = door.listening().accept();
    if (accepted.descriptor >= 0) {
      front_.connections_refused.fetch_add(1, std::memory_order_relaxed);
      ::close(accepted.descriptor);
    }
    reserve_descriptor_ = open_reserve();
    if (accepted.descriptor >= 0 && reserve_descriptor_ >= 0) return;
  }
  // Another thread took what was free. Level-triggered polling would spin on the waiting connection, so the
  // doors stay shut until the next tick.
  paused_ = true;
  for (const auto& each : doors_) each->unwatch(reactor);
}

void Acceptor::on_tick() {
  if (reserve_descriptor_ < 0) reserve_descriptor_ = open_reserve();
  if (!std::exchange(paused_, false)) return;
  for (const auto& door : doors_) door->watch(*reactors_.front());
}

Reactor& Acceptor::quietest() {
  auto* best = reactors_[next_reactor_ % reactors_.size()].get();
  for (const auto& reactor : reactors_)
    if (reactor->connection_count() < best->connection_count()) best = reactor.get();
  ++next_reactor_;
  return *best;
}

}  // namespace muster::http
