// SPDX-License-Identifier: Apache-2.0
// What one decision costs in process, with 10,000 roles in ten layers and 100,000 grants; and the tokens
// beside it.
#include "adapters/crypto/sealer.hpp"
#include "adapters/crypto/token_signer.hpp"
#include "base/check.hpp"
#include "model/compiled_roles.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <stdlib.h>  // mkdtemp is not in <cstdlib>

namespace {

using namespace muster;
using std::chrono::seconds;

constexpr std::size_t layer_count = 10;
constexpr std::size_t layer_size = 1'000;
constexpr std::size_t codes_each = 10;
constexpr std::size_t user_count = 20'000;
constexpr std::size_t grants_each = 5;
constexpr Time now{seconds{1'750'000'000}};

/// The same numbers each time.
class Numbers {
 public:
  std::size_t below(std::size_t end) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state_ >> 33) % end;
  }

 private:
  std::uint64_t state_ = 42;
};

std::string role_name(std::size_t layer, std::size_t place) {
  return "role-" + std::to_string(layer) + "-" + std::to_string(place);
}

std::string code(std::size_t number) {
  return "action" + std::to_string(number % 40) + ":resource" + std::to_string(number / 40);
}

std::vector<model::Role> many_roles() {
  Numbers numbers;
  std::vector<model::Role> out;
  for (std::size_t layer = 0; layer < layer_count; ++layer)
    for (std::size_t place = 0; place < layer_size; ++place) {
      model::Role role;
      role.name = role_name(layer, place);
      for (std::size_t i = 0; i < codes_each; ++i) role.permissions.push_back(code(numbers.below(10'000)));
      if (place % 100 == 0) role.permissions.push_back("action" + std::to_string(place % 40) + ":*");
      if (layer > 0)
        for (int i = 0; i < 2; ++i) role.parents.push_back(role_name(layer - 1, numbers.below(layer_size)));
      out.push_back(std::move(role));
    }
  return out;
}

struct World {
  std::shared_ptr<const model::CompiledRoles> roles;
  std::vector<std::vector<model::Grant>> grants;
  std::vector<std::string> wanted;

  World() : roles(model::CompiledRoles::compile(model::RoleGraph(many_roles()), 1)) {
    Numbers numbers;
    for (std::size_t user = 0; user < user_count; ++user) {
      auto& mine = grants.emplace_back();
      for (std::size_t i = 0; i < grants_each; ++i) {
        model::Grant grant;
        grant.role = role_name(numbers.below(layer_count), numbers.below(layer_size));
        if (i == 0) grant.expires_at = now + seconds{60};
        mine.push_back(std::move(grant));
      }
    }
    for (std::size_t i = 0; i < 4096; ++i) wanted.push_back(code(numbers.below(10'000)));
  }
};

const World& world() {
  static const World out;
  return out;
}

void decide(benchmark::State& state) {
  const World& in = world();
  Numbers numbers;
  std::size_t allowed = 0;
  for (auto each : state) {
    (void)each;
    const auto& grants = in.grants[numbers.below(user_count)];
    allowed += in.roles->allows(grants, in.wanted[numbers.below(in.wanted.size())], now) ? 1 : 0;
  }
  state.counters["allowed_ratio"] = static_cast<double>(allowed) / static_cast<double>(state.iterations());
}
BENCHMARK(decide);

void decide_held(benchmark::State& state) {
  const World& in = world();
  std::vector<std::vector<model::HeldRole>> held;
  held.reserve(in.grants.size());
  for (const auto& grants : in.grants) held.push_back(in.roles->hold(grants));
  Numbers numbers;
  std::size_t allowed = 0;
  for (auto each : state) {
    (void)each;
    const auto& mine = held[numbers.below(user_count)];
    allowed += in.roles->allows(mine, in.wanted[numbers.below(in.wanted.size())], now) ? 1 : 0;
  }
  state.counters["allowed_ratio"] = static_cast<double>(allowed) / static_cast<double>(state.iterations());
}
BENCHMARK(decide_held);

void explain(benchmark::State& state) {
  const World& in = world();
  Numbers numbers;
  for (auto each : state) {
    (void)each;
    benchmark::DoNotOptimize(in.roles->explain(in.grants[numbers.below(user_count)],
                                               in.wanted[numbers.below(in.wanted.size())], now));
  }
}
BENCHMARK(explain)->Unit(benchmark::kMicrosecond);

void compile(benchmark::State& state) {
  const auto roles = many_roles();
  for (auto each : state) {
    (void)each;
    benchmark::DoNotOptimize(model::CompiledRoles::compile(model::RoleGraph(roles), 1));
  }
}
BENCHMARK(compile)->Unit(benchmark::kMillisecond);

struct Tokens {
  std::unique_ptr<ports::Sealer> sealer;
  std::unique_ptr<crypto::JwtSigner> signer;
  ports::AccessClaims claims;

  explicit Tokens(model::SigningAlgorithm algorithm) {
    std::string folder = (std::filesystem::temp_directory_path() / "muster-bench-XXXXXX").string();
    MUSTER_CHECK(::mkdtemp(folder.data()) != nullptr);
    MUSTER_CHECK(crypto::create_master_key(folder + "/key").has_value());
    sealer = std::move(crypto::load_master_key(folder + "/key").value());
    std::filesystem::remove_all(folder);
    signer =
        std::make_unique<crypto::JwtSigner>(crypto::TokenPolicy{"https://id.example.org", "shop"}, *sealer);
    auto key = signer->generate(algorithm, now).value();
    key.key.state = model::KeyState::current;
    MUSTER_CHECK(signer->set_keys({key}).has_value());
    claims.issuer = "https://id.example.org";
    claims.audience = "shop";
    claims.token_id = "0123456789abcdef";
    claims.stamp = {SessionId{{4711}, {1, 2, 3}}, 7, now};
    claims.expires_at = now + seconds{900};
    claims.roles = {"editor", "viewer"};
  }
};

void sign(benchmark::State& state, model::SigningAlgorithm algorithm) {
  Tokens tokens(algorithm);
  for (auto each : state) {
    (void)each;
    benchmark::DoNotOptimize(tokens.signer->sign(tokens.claims));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(sign, es256, model::SigningAlgorithm::es256)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(sign, rs256, model::SigningAlgorithm::rs256)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(sign, hs256, model::SigningAlgorithm::hs256)->Unit(benchmark::kMicrosecond);

void verify(benchmark::State& state, model::SigningAlgorithm algorithm) {
  Tokens tokens(algorithm);
  const std::string token = tokens.signer->sign(tokens.claims).value();
  for (auto each : state) {
    (void)each;
    const auto verified = tokens.signer->verify(token, now);
    MUSTER_CHECK(verified.has_value());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(verify, es256, model::SigningAlgorithm::es256)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(verify, rs256, model::SigningAlgorithm::rs256)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(verify, hs256, model::SigningAlgorithm::hs256)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
