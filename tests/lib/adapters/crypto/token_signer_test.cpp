// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/token_signer.hpp"

#include "adapters/crypto/claims.hpp"
#include "adapters/crypto/signing.hpp"
#include "base/encoding.hpp"
#include "lib/adapters/crypto/new_sealer.hpp"

#include <array>
#include <atomic>
#include <cctype>
#include <thread>

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <sodium.h>

namespace muster::crypto {
namespace {

using namespace std::chrono_literals;
using model::KeyState;
using model::SealedSigningKey;
using model::SigningAlgorithm;

constexpr Time now{1'750'000'000s};
constexpr std::array every_algorithm{SigningAlgorithm::es256, SigningAlgorithm::rs256,
                                     SigningAlgorithm::hs256};

ports::AccessClaims claims() {
  ports::AccessClaims out;
  out.issuer = "https://id.example.org";
  out.audience = "shop";
  out.token_id = "jti-1";
  out.stamp = {SessionId{{4711}, {1, 2, 3}}, 7, now};
  out.expires_at = now + 15min;
  out.roles = {"editor", "muster-admin"};
  return out;
}

/// A signer with one current key, and that key.
struct Fixture {
  std::unique_ptr<ports::Sealer> sealer = new_sealer();
  JwtSigner signer{{"https://id.example.org", "shop"}, *sealer};
  SealedSigningKey key;

  explicit Fixture(SigningAlgorithm algorithm = SigningAlgorithm::es256) : key(new_key(algorithm)) {
    REQUIRE(signer.set_keys({key}));
  }

  SealedSigningKey new_key(SigningAlgorithm algorithm, KeyState state = KeyState::current) {
    SealedSigningKey out = signer.generate(algorithm, now).value();
    CHECK(out.key.state == KeyState::next);
    out.key.state = state;
    return out;
  }

  /// A token with this header and these claims, rightly signed by the key.
  std::string forge(const std::string& header, const std::string& payload) {
    const Secret part = sealer->open(key.sealed_private, "signing-key:" + key.key.id).value();
    const std::string input = base64url_encode(header) + '.' + base64url_encode(payload);
    return input + '.' +
           base64url_encode(SigningPart::load(key.key.algorithm, part).value()->sign(input).value());
  }
  std::string header() const {
    return R"({"alg":")" + std::string(to_word(key.key.algorithm)) + R"(","kid":")" + key.key.id +
           R"(","typ":"at+jwt"})";
  }
  ErrorCode refusal(const std::string& token, Time at = now) {
    const auto verified = signer.verify(token, at);
    REQUIRE_FALSE(verified);
    if (verified.error().code == ErrorCode::unauthenticated)
      CHECK(verified.error().message == "the access token is not valid");
    return verified.error().code;
  }
};

std::string without(std::string text, const std::string& part, const std::string& instead = "") {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), instead);
}

TEST_CASE("what was signed verifies and says the same", "[crypto]") {
  for (const auto algorithm : every_algorithm) {
    Fixture with(algorithm);
    const std::string token = with.signer.sign(claims()).value();
    const auto verified = with.signer.verify(token, now);
    REQUIRE(verified);
    CHECK(verified->issuer == claims().issuer);
    CHECK(verified->audience == claims().audience);
    CHECK(verified->token_id == claims().token_id);
    CHECK(verified->stamp.session == claims().stamp.session);
    CHECK(verified->stamp.epoch == 7);
    CHECK(verified->stamp.issued_at == now);
    CHECK(verified->expires_at == now + 15min);
    CHECK(verified->roles == claims().roles);
    CHECK(base64url_decode(token.substr(0, token.find('.'))) == with.header());
    CHECK(with.forge(with.header(), encode_claims(claims())).size() == token.size());
    CHECK(with.signer.verify(with.forge(with.header(), encode_claims(claims())), now));
  }
}

TEST_CASE("a token is good until the second it expires", "[crypto]") {
  Fixture with;
  const std::string token = with.signer.sign(claims()).value();
  CHECK(with.signer.verify(token, now + 15min - 1us));
  CHECK(with.refusal(token, now + 15min) == ErrorCode::token_expired);
  // Clocks of two daemons may differ by the skew, not more.
  CHECK(with.signer.verify(token, now - 30s));
  CHECK(with.refusal(token, now - 31s) == ErrorCode::unauthenticated);
}

TEST_CASE("any changed character breaks a token", "[crypto]") {
  for (const auto algorithm : every_algorithm) {
    Fixture with(algorithm);
    const std::string token = with.signer.sign(claims()).value();
    for (std::size_t i = 0; i < token.size(); i += algorithm == SigningAlgorithm::hs256 ? 1 : 7) {
      std::string changed = token;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      with.refusal(changed);
      with.refusal(token.substr(0, i));
    }
    with.refusal(token + "A");
    with.refusal(token + ".");
    with.refusal(token + ".AAAA");
    with.refusal("");
    with.refusal("..");
    with.refusal(std::string(20'000, 'A'));
  }
}

TEST_CASE("a header other than ours is refused, however it is signed", "[crypto]") {
  for (const auto algorithm : every_algorithm) {
    Fixture with(algorithm);
    const std::string good = encode_claims(claims());
    const std::string kid = with.key.key.id;
    const std::string word(to_word(algorithm));
    REQUIRE(with.signer.verify(with.forge(with.header(), good), now));
    for (const auto& header : std::vector<std::string>{
             without(with.header(), word, "none"), without(with.header(), word, "None"),
             without(with.header(), word, word == "HS256" ? "ES256" : "HS256"),
             without(with.header(), word, "ES512"), without(with.header(), "at+jwt", "JWT"),
             without(with.header(), R"(,"typ":"at+jwt")"), without(with.header(), kid, "other"),
             without(with.header(), R"("kid":")" + kid + R"(",)"),
             without(with.header(), "}", R"(,"crit":["exp"]})"),
             without(with.header(), "}", R"(,"alg":"none"})"),
             without(with.header(), "}", R"(,"jku":"https://evil.example"})"),
             without(with.header(), "{", "{ "), "{}", "null"})
      CHECK(with.refusal(with.forge(header, good)) == ErrorCode::unauthenticated);
    const std::string unsigned_token =
        base64url_encode(R"({"alg":"none","kid":")" + kid + R"(","typ":"at+jwt"})") + '.' +
        base64url_encode(good) + '.';
    CHECK(with.refusal(unsigned_token) == ErrorCode::unauthenticated);
  }
}

TEST_CASE("a public key is no HMAC secret", "[crypto]") {
  Fixture with(SigningAlgorithm::rs256);
  const std::string input = base64url_encode(without(with.header(), "RS256", "HS256")) + '.' +
                            base64url_encode(encode_claims(claims()));
  const std::string jwks = *with.signer.jwks();
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(jwks.data()), jwks.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(input.data()), input.size());
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(mac.data()));
  CHECK(with.refusal(input + '.' + base64url_encode(mac)) == ErrorCode::unauthenticated);
}

TEST_CASE("claims that are not ours are refused, however they are signed", "[crypto]") {
  Fixture with(SigningAlgorithm::hs256);
  const std::string good = encode_claims(claims());
  const std::string sid = claims().stamp.session.text();
  for (const std::string& payload :
       std::vector<std::string>{without(good, "id.example.org", "evil.example.org"),
                                without(good, "\"shop\"", "\"other\""),
                                without(good, "\"shop\"", "[\"shop\"]"),
                                without(good, "\"sub\":\"4711\"", "\"sub\":\"4712\""),
                                without(good, "\"sub\":\"4711\"", "\"sub\":4711"),
                                without(good, "\"sub\":\"4711\"", "\"sub\":\"04711\""),
                                without(good, sid, "AAAA"),
                                without(good, "\"exp\":1750000900", "\"exp\":\"1750000900\""),
                                without(good, "\"exp\":1750000900", "\"exp\":1750000900.5"),
                                without(good, "\"exp\":1750000900", "\"exp\":1e99"),
                                without(good, "\"exp\":1750000900", "\"exp\":-1"),
                                without(good, "\"exp\":1750000900", "\"exp\":null"),
                                without(good, "\"exp\":1750000900", "\"exp\":9223372036854775807"),
                                without(good, "\"exp\":1750000900", "\"exp\":1749999999"),
                                without(good, "\"exp\":1750000900,"),
                                without(good, "\"iat\":1750000000", "\"iat\":1750000031"),
                                without(good, "\"rev\":7", "\"rev\":-1"),
                                without(good, "\"rev\":7", "\"rev\":true"),
                                without(good, "\"rev\":7,"),
                                without(good, "\"jti\":\"jti-1\","),
                                without(good, "[\"editor\",\"muster-admin\"]", "\"editor\""),
                                without(good, "\"editor\"", "7"),
                                without(good, "}", ",\"exp\":9999999999}"),
                                without(good, "}", ",\"s\\u0075b\":\"4712\"}"),
                                without(good, "}", "},"),
                                without(good, "{", "[{"),
                                good + good,
                                "[]",
                                "\"text\"",
                                "",
                                "{}",
                                without(good, "shop", "sh\xffop"),
                                std::string(7000, '['),
                                good + " x"}) {
    INFO(payload.substr(0, 300));
    CHECK(with.refusal(with.forge(with.header(), payload)) == ErrorCode::unauthenticated);
  }
  // A later version may say more.
  CHECK(with.signer.verify(
      with.forge(with.header(), without(good, "}", ",\"acr\":{\"a\":1,\"b\":[{\"c\":2}]}}")), now));
}

TEST_CASE("keys rotate: each verifies while it is there, the current one signs", "[crypto]") {
  Fixture with;
  const SealedSigningKey next = with.new_key(SigningAlgorithm::rs256, KeyState::next);
  REQUIRE(with.signer.set_keys({with.key, next}));
  const std::string by_first = with.signer.sign(claims()).value();

  SealedSigningKey retired = with.key;
  retired.key.state = KeyState::retired;
  SealedSigningKey current = next;
  current.key.state = KeyState::current;
  REQUIRE(with.signer.set_keys({retired, current}));
  const std::string by_second = with.signer.sign(claims()).value();
  CHECK(with.signer.verify(by_first, now));
  CHECK(with.signer.verify(by_second, now));
  CHECK(base64url_decode(by_second.substr(0, by_second.find('.')))->find(current.key.id) !=
        std::string::npos);

  REQUIRE(with.signer.set_keys({current}));
  CHECK(with.refusal(by_first) == ErrorCode::unauthenticated);
  CHECK(with.signer.verify(by_second, now));

  REQUIRE(with.signer.set_keys({retired}));
  CHECK(with.signer.sign(claims()).error().code == ErrorCode::internal);
}

TEST_CASE("without keys nothing is signed and nothing verifies", "[crypto]") {
  Fixture with;
  const std::string token = with.signer.sign(claims()).value();
  JwtSigner fresh({"https://id.example.org", "shop"}, *with.sealer);
  CHECK(fresh.sign(claims()).error().code == ErrorCode::internal);
  CHECK_FALSE(fresh.verify(token, now));
  CHECK(*fresh.jwks() == R"({"keys":[]})");
}

TEST_CASE("keys do not open under another master key or another id, and the old set stays", "[crypto]") {
  Fixture with;
  const std::string token = with.signer.sign(claims()).value();
  const auto other = new_sealer();
  JwtSigner stranger({"https://id.example.org", "shop"}, *other);
  CHECK(stranger.set_keys({with.key}).error().code == ErrorCode::internal);
  SealedSigningKey renamed = with.key;
  renamed.key.id = "another";
  CHECK(with.signer.set_keys({renamed}).error().code == ErrorCode::internal);
  SealedSigningKey retyped = with.key;
  retyped.key.algorithm = SigningAlgorithm::hs256;
  CHECK(with.signer.set_keys({retyped}).error().code == ErrorCode::internal);
  CHECK(with.signer.verify(token, now));
}

TEST_CASE("a sealed key does not show its private part", "[crypto]") {
  Fixture with;
  const Secret part = with.sealer->open(with.key.sealed_private, "signing-key:" + with.key.key.id).value();
  CHECK(with.key.sealed_private.find(part.reveal().substr(7, 16)) == std::string::npos);
}

TEST_CASE("the JWKS has the public keys and nothing else", "[crypto]") {
  Fixture with;
  const auto rsa = with.new_key(SigningAlgorithm::rs256, KeyState::next);
  const auto mac = with.new_key(SigningAlgorithm::hs256, KeyState::retired);
  REQUIRE(with.signer.set_keys({with.key, rsa, mac}));
  const std::string jwks = *with.signer.jwks();
  CHECK(jwks.starts_with(R"({"keys":[{"kty":"EC","crv":"P-256","x":")"));
  CHECK(jwks.find(R"("use":"sig","alg":"ES256","kid":")" + with.key.key.id + '"') != std::string::npos);
  CHECK(jwks.find(R"({"kty":"RSA","n":")") != std::string::npos);
  CHECK(jwks.find(R"("e":"AQAB")") != std::string::npos);
  CHECK(jwks.find(mac.key.id) == std::string::npos);
  for (const char* member : {"\"d\"", "\"p\"", "\"q\"", "\"k\"", "oct"})
    CHECK(jwks.find(member) == std::string::npos);
}

TEST_CASE("a token too large to be sent is not signed", "[crypto]") {
  Fixture with;
  ports::AccessClaims many = claims();
  many.roles.assign(100, std::string(64, 'r'));
  CHECK(with.signer.sign(many).error().code == ErrorCode::too_large);
  many.roles.assign(80, std::string(64, 'r'));
  CHECK(with.signer.verify(with.signer.sign(many).value(), now).value().roles.size() == 80);
}

TEST_CASE("a key's id can be typed as an argument: it begins with a letter", "[crypto]") {
  Fixture with;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = with.signer.generate(SigningAlgorithm::hs256, now).value().key.id;
    INFO(id);
    REQUIRE(std::isalpha(static_cast<unsigned char>(id[0])));
  }
}

TEST_CASE("names with quotes in them stay in their strings", "[crypto]") {
  const auto sealer = new_sealer();
  JwtSigner signer({"a\",\"sub\":\"1", "b\\"}, *sealer);
  auto key = signer.generate(SigningAlgorithm::hs256, now).value();
  key.key.state = KeyState::current;
  REQUIRE(signer.set_keys({key}));
  ports::AccessClaims odd = claims();
  odd.issuer = "a\",\"sub\":\"1";
  odd.audience = "b\\";
  CHECK(signer.verify(signer.sign(odd).value(), now).value().issuer == odd.issuer);
}

TEST_CASE("ES256 agrees with RFC 7515 appendix A.3", "[crypto]") {
  const auto bytes = [](const char* text) { return base64url_decode(text).value(); };
  // The key as RFC 5915 writes it: version, d, the curve, the point.
  std::string der("\x30\x77\x02\x01\x01\x04\x20", 7);
  der += bytes("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
  der += std::string("\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\xa1\x44\x03\x42\x00\x04", 18);
  der += bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU") +
         bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  const auto part = SigningPart::load(SigningAlgorithm::es256, Secret(der)).value();
  const std::string input =
      "eyJhbGciOiJFUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ";
  const std::string signature =
      bytes("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  CHECK(part->verify(input, signature));
  CHECK_FALSE(part->verify(input + "x", signature));
  CHECK_FALSE(part->verify(input, std::string(64, '\0')));
  CHECK_FALSE(part->verify(input, signature.substr(1)));
  CHECK(
      part->jwk_members() ==
      R"("kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")");
  const std::string own = part->sign(input).value();
  CHECK(own.size() == 64);
  CHECK(part->verify(input, own));
}

TEST_CASE("a key of another kind is refused", "[crypto]") {
  const Secret elliptic = SigningPart::generate(SigningAlgorithm::es256).value();
  const Secret rsa = SigningPart::generate(SigningAlgorithm::rs256).value();
  CHECK_FALSE(SigningPart::load(SigningAlgorithm::es256, rsa));
  CHECK_FALSE(SigningPart::load(SigningAlgorithm::rs256, elliptic));
  CHECK_FALSE(SigningPart::load(SigningAlgorithm::hs256, elliptic));
  CHECK_FALSE(SigningPart::load(SigningAlgorithm::es256, Secret("")));
  CHECK_FALSE(SigningPart::load(SigningAlgorithm::rs256, Secret("garbage")));
}

TEST_CASE("any text for a token gets an answer", "[crypto]") {
  Fixture with;
  const std::string token = with.signer.sign(claims()).value();
  CHECK(rc::check("arbitrary", [&](const std::string& text) { RC_ASSERT(!with.signer.verify(text, now)); }));
  CHECK(rc::check("arbitrary behind a good header", [&](const std::string& text) {
    RC_ASSERT(!with.signer.verify(token.substr(0, token.find('.') + 1) + text, now));
  }));
}

TEST_CASE("tokens are signed and verified while keys change", "[crypto]") {
  Fixture with;
  SealedSigningKey other = with.new_key(SigningAlgorithm::hs256, KeyState::current);
  SealedSigningKey retired = with.key;
  retired.key.state = KeyState::retired;
  std::atomic<bool> done{false};
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      while (!done) {
        const auto token = with.signer.sign(claims());
        if (!token || !with.signer.verify(*token, now)) ++failures;
      }
    });
  for (int i = 0; i < 50; ++i) {
    REQUIRE(with.signer.set_keys({with.key}));
    REQUIRE(with.signer.set_keys({retired, other}));
    SealedSigningKey waiting = other;
    waiting.key.state = KeyState::next;
    REQUIRE(with.signer.set_keys({with.key, waiting}));
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  // Only a token of the HMAC key, verified in the moment that has the first key alone, may fail.
  CHECK(failures < 1000);
}

}  // namespace
}  // namespace muster::crypto
