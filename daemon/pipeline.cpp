// SPDX-License-Identifier: Apache-2.0
#include "daemon/pipeline.hpp"

#include "base/log.hpp"
#include "daemon/answers.hpp"
#include "daemon/client_address.hpp"
#include "daemon/metrics.hpp"
#include "daemon/request_input.hpp"
#include "daemon/trace.hpp"
#include "ops/tokens.hpp"
#include "ports/cache.hpp"

#include <array>
#include <exception>

namespace muster::daemon {
namespace {

constexpr int hashing_niceness = 10;
constexpr std::size_t user_agent_size_max_bytes = 256;
/// A larger body takes so long to parse that others' token checks would feel it.
constexpr std::size_t parsed_by_reactor_max_bytes = 16 * 1024;

Next follow_trace(Services& /*services*/, Exchange& exchange) {
  const auto parent = exchange.request.headers.find("traceparent");
  const auto given = parent ? trace_id_of(*parent) : std::nullopt;
  exchange.call.trace_id = given ? std::string(*given) : new_trace_id();
  return Next::step;
}

Next find_route(Services& services, Exchange& exchange) {
  Match match = services.routes.find(exchange.request.method, exchange.request.path);
  if (match.route == nullptr) {
    if (match.allow.empty())
      return refuse(exchange, Error{ErrorCode::not_found, "there is nothing at this path", {}, {}, {}});
    refuse(exchange, Error{ErrorCode::method_not_allowed, "this path takes " + match.allow, {}, {}, {}});
    exchange.response.headers.add("Allow", std::move(match.allow));
    return Next::answer;
  }
  exchange.route = match.route;
  exchange.path_values = match.values;
  return Next::step;
}

Next refuse_foreign_users(Services& services, Exchange& exchange) {
  if (!exchange.listener.admin) return Next::step;
  const auto& user = exchange.request.peer.user_id_os;
  if (user && (*user == 0 || *user == services.own_user_id_os)) return Next::step;
  return refuse(exchange, Error{ErrorCode::permission_denied,
                                "this socket serves root and the daemon's own user only",
                                {},
                                {},
                                {}});
}

/// The token of an Authorization header; nothing for another scheme.
std::optional<std::string_view> bearer_token(std::string_view header) {
  constexpr std::string_view scheme = "bearer ";
  if (header.size() <= scheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < scheme.size(); ++i)
    if ((header[i] | 0x20) != scheme[i]) return std::nullopt;
  const auto first = header.find_first_not_of(' ', scheme.size());
  if (first == std::string_view::npos) return std::nullopt;
  return header.substr(first, header.find_last_not_of(' ') - first + 1);
}

Next identify_caller(Services& services, Exchange& exchange) {
  using Kind = ops::Caller::Kind;
  if (exchange.route->access == Access::open) return Next::step;
  ops::Caller& caller = exchange.call.caller;
  const auto header = exchange.request.headers.find("Authorization");
  if (!header) {
    if (exchange.listener.admin) {
      caller.kind = Kind::operator_local;
      caller.user_id_os = *exchange.request.peer.user_id_os;
    } else if (exchange.route->access == Access::identified) {
      return refuse(exchange,
                    Error{ErrorCode::unauthenticated, "a valid access token is needed", {}, {}, {}});
    }
    return Next::step;
  }
  exchange.presented_token = true;
  const bool optional = exchange.route->access == Access::optional;
  const auto token = bearer_token(*header);
  if (!token) {
    if (optional) return Next::step;
    return refuse(exchange,
                  Error{ErrorCode::unauthenticated, "Authorization must be a Bearer token", {}, {}, {}});
  }
  auto verified = services.context.tokens.verify_from_memory(*token);
  if (!verified) {
    if (!exchange.may_block) return Next::wait;
    verified = services.context.tokens.verify(*token, *services.context.settings());
  }
  if (!*verified) {
    const ErrorCode code = verified->error().code;
    const bool token_at_fault = code == ErrorCode::unauthenticated || code == ErrorCode::token_expired ||
                                code == ErrorCode::token_revoked;
    // An app that logs in or refreshes often still sends its dead token along.
    if (optional && token_at_fault) return Next::step;
    return refuse(exchange, verified->error());
  }
  exchange.claims = **verified;
  caller.kind = Kind::user;
  caller.session = exchange.claims->stamp.session;
  caller.user = caller.session.user;
  return Next::step;
}

bool hashes(const Route& route) {
  return route.operation != nullptr && route.operation->description->info.lane == ops::Lane::hashing;
}

Next read_request(Services& /*services*/, Exchange& exchange) {
  if (auto status = check_body(exchange); !status) return refuse(exchange, status.error());
  if (exchange.route->operation == nullptr) return Next::step;
  if (!exchange.may_block && exchange.request.body.size() > parsed_by_reactor_max_bytes) return Next::wait;
  // A storm of logins is to cost the reactor no parsing: most of them are refused.
  if (!exchange.may_block && hashes(*exchange.route)) return Next::wait;
  if (auto status = read_conditions(exchange); !status) return refuse(exchange, status.error());
  if (auto status = read_input(exchange); !status) return refuse(exchange, status.error());
  return Next::step;
}

/// Ids are opaque to callers: one in the path that no id can look like is the id of nothing.
Error with_unknown_id(const Route& route, Error error) {
  if (error.code != ErrorCode::invalid_argument) return error;
  for (const wire::FieldInfo* parameter : route.parameters)
    for (const FieldError& fault : error.fields)
      if (parameter->kind == wire::Kind::id && fault.field == parameter->name)
        return Error{ErrorCode::not_found, "there is nothing with this id: it " + fault.message, {}, {}, {}};
  return error;
}

Next answer_operation(Exchange& exchange, const Result<std::string>& outcome) {
  const ops::OperationInfo& info = exchange.route->operation->description->info;
  if (!outcome) return refuse(exchange, with_unknown_id(*exchange.route, outcome.error()));
  http::Response& response = exchange.response;
  const ops::Call& call = exchange.call;
  if (call.version && !call.plan_reply) {
    response.headers.add("ETag", '"' + std::to_string(*call.version) + '"');
    if (exchange.route->method == http::Method::get && none_match_fails(exchange, *call.version)) {
      response.status = 304;
      response.content_type = {};
      return Next::answer;
    }
  }
  if (info.lane != ops::Lane::memory || call.version) response.headers.add("Cache-Control", "no-store");
  return succeed(exchange, *outcome, call.plan_reply ? 200 : info.http_status);
}

Next run(Services& services, Exchange& exchange) {
  const Route& route = *exchange.route;
  if (route.endpoint != nullptr && route.access == Access::open) return route.endpoint(services, exchange);
  exchange.call.source = client_address(services.trusted_proxies, exchange.request);
  if (const auto agent = exchange.request.headers.find("User-Agent"))
    exchange.call.user_agent = std::string(agent->substr(0, user_agent_size_max_bytes));
  if (route.endpoint != nullptr) return route.endpoint(services, exchange);

  const ops::Operation& operation = *route.operation;
  if (!exchange.may_block) {
    if (operation.description->info.lane != ops::Lane::memory) return Next::wait;
    const auto outcome = operation.invoke_from_memory(services.context, exchange.call, exchange.input);
    if (outcome) return answer_operation(exchange, *outcome);
    return exchange.call.wanted && !exchange.is_fetched ? Next::fetch : Next::wait;
  }
  return answer_operation(exchange, operation.invoke(services.context, exchange.call, exchange.input));
}

struct Step {
  Next (*run)(Services&, Exchange&);
  std::string_view why;
};

constexpr std::array steps{
    Step{&follow_trace, "first, so that every answer and log line carries the trace id"},
    Step{&find_route,
         "before anything that depends on the endpoint; paths are public, so no caller is needed"},
    Step{&refuse_foreign_users, "a peer of the socket who is nobody there must not reach any endpoint"},
    Step{&identify_caller, "before the request is read: strangers learn nothing from messages about it"},
    Step{&read_request, "cheap and without the store, so bad requests seldom take a worker"},
    Step{&run, "permission, validation, audit and measure are behind ops::invoke"},
};

/// A refusal under load is counted, not logged: it is to cost next to nothing.
bool is_worth_a_line(unsigned status) {
  return status >= 500 && status != 503;
}

Error overloaded() {
  return Error{
      ErrorCode::overloaded, "too many requests are waiting; try again", {}, {}, std::chrono::seconds{1}};
}

}  // namespace

Pipeline::Pipeline(Services& services, const PipelineOptions& options)
    : services_(services),
      workers_({"worker", options.workers, options.worker_queue, 0},
               [this](std::unique_ptr<Exchange> exchange) { proceed_on_pool(std::move(exchange)); }),
      hashers_({"hashing", options.hashing_threads, options.hashing_queue, hashing_niceness},
               [this](std::unique_ptr<Exchange> exchange) { proceed_on_pool(std::move(exchange)); }) {}

Pipeline::~Pipeline() {
  stop();
}

/// An exchange on its way back from the cache, through which it is the pipeline's again.
class Pipeline::Fetch final : public ports::UserReader {
 public:
  Fetch(Pipeline& pipeline, std::unique_ptr<Exchange> exchange)
      : pipeline_(pipeline), exchange_(std::move(exchange)) {
    const std::lock_guard lock(pipeline_.fetches_mutex_);
    ++pipeline_.fetches_;
  }
  ~Fetch() override {
    exchange_.reset();
    const std::lock_guard lock(pipeline_.fetches_mutex_);
    if (--pipeline_.fetches_ == 0) pipeline_.fetches_ended_.notify_all();
  }

  void take(ports::CachedUserPtr user) override {
    exchange_->call.brought = std::move(user);
    try {
      pipeline_.proceed_fetched(std::move(exchange_));
    } catch (const std::exception& error) {
      // The exchange is gone, and with it its Responder, which answers 500.
      log::error("a request that was fetched for failed: {}", error.what());
    }
  }
  std::unique_ptr<Exchange> give_back() { return std::move(exchange_); }

 private:
  Pipeline& pipeline_;
  std::unique_ptr<Exchange> exchange_;
};

bool Pipeline::fetch(std::unique_ptr<Exchange>& exchange) {
  const ops::Call& call = exchange->call;
  const UserId user = call.wanted->user;
  const auto at_least = call.at_least;
  exchange->is_fetched = true;
  auto fetch = std::make_unique<Fetch>(*this, std::move(exchange));
  Fetch& kept = *fetch;
  std::unique_ptr<ports::UserReader> reader = std::move(fetch);
  try {
    if (services_.context.users_cache->find_soon(user, at_least, reader)) return true;
  } catch (const std::exception& error) {
    log::error("a request could not wait for Redis: {}", error.what());
    // It went with its reader, and its Responder answered 500.
    if (!reader) return true;
  }
  exchange = kept.give_back();
  return false;
}

void Pipeline::proceed_fetched(std::unique_ptr<Exchange> exchange) {
  const log::TraceScope scope(exchange->call.trace_id);
  if (exchange->call.brought) return proceed(std::move(exchange));
  if (post(exchange)) return;
  refuse(*exchange, overloaded());
  finish(*exchange);
}

bool Pipeline::post(std::unique_ptr<Exchange>& exchange) {
  return (hashes(*exchange->route) ? hashers_ : workers_).post(exchange);
}

void Pipeline::stop() {
  {
    std::unique_lock lock(fetches_mutex_);
    fetches_ended_.wait(lock, [this] { return fetches_ == 0; });
  }
  hashers_.stop();
  workers_.stop();
}

void Pipeline::handle(http::Request&& request, const http::Listener& listener, http::Responder&& responder) {
  proceed(std::make_unique<Exchange>(std::move(request), listener, std::move(responder)));
}

void Pipeline::proceed_on_pool(std::unique_ptr<Exchange> exchange) {
  const auto waited = std::chrono::steady_clock::now() - exchange->arrived;
  const std::chrono::microseconds limit{services_.request_time_microseconds.load(std::memory_order_relaxed)};
  if (waited > limit) {
    refuse(*exchange,
           Error{ErrorCode::deadline_exceeded, "the request waited too long for its turn", {}, {}, {}});
    return finish(*exchange);
  }
  exchange->may_block = true;
  const log::TraceScope scope(exchange->call.trace_id);
  proceed(std::move(exchange));
}

void Pipeline::proceed(std::unique_ptr<Exchange> exchange) {
  try {
    for (; exchange->step < steps.size(); ++exchange->step) {
      const Next next = steps[exchange->step].run(services_, *exchange);
      if (next == Next::answer) break;
      if (next == Next::step) continue;
      if (next == Next::fetch && fetch(exchange)) return;
      exchange->call.brought.reset();
      if (post(exchange)) return;
      refuse(*exchange, overloaded());
      break;
    }
  } catch (const std::exception& error) {
    log::error("{} {} threw: {}", http::method_name(exchange->request.method), exchange->request.path,
               error.what());
    exchange->response = {};
    refuse(*exchange, Error{ErrorCode::internal, "internal error", {}, {}, {}});
  }
  finish(*exchange);
}

void Pipeline::finish(Exchange& exchange) {
  http::Response& response = exchange.response;
  services_.metrics.record_response(response.status);
  const AccessLog mode = access_log_.load(std::memory_order_relaxed);
  if (mode == AccessLog::all || (mode == AccessLog::errors && is_worth_a_line(response.status))) {
    const log::TraceScope scope(exchange.call.trace_id);
    const auto took = std::chrono::steady_clock::now() - exchange.arrived;
    log::info("{} {} {} from {} in {} us", http::method_name(exchange.request.method), exchange.request.path,
              response.status,
              exchange.call.source.empty() ? exchange.request.peer.address : exchange.call.source,
              std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  }
  response.headers.add("X-Trace-Id", std::move(exchange.call.trace_id));
  exchange.responder.send(std::move(response));
}

}  // namespace muster::daemon
