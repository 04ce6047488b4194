// SPDX-License-Identifier: Apache-2.0
// Access tokens: as text nobody signed, which must never verify, and as claims that were rightly signed,
// which must be read the same again when they verify.
#include "adapters/crypto/claims.hpp"
#include "adapters/crypto/sealer.hpp"
#include "adapters/crypto/signing.hpp"
#include "adapters/crypto/token_signer.hpp"
#include "base/check.hpp"
#include "base/encoding.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <stdlib.h>  // mkdtemp is not in <cstdlib>

namespace {

using namespace muster;
using std::chrono::seconds;

constexpr Time now{seconds{1'750'000'000}};

std::unique_ptr<ports::Sealer> new_sealer() {
  std::string folder = (std::filesystem::temp_directory_path() / "muster-fuzz-XXXXXX").string();
  MUSTER_CHECK(::mkdtemp(folder.data()) != nullptr);
  MUSTER_CHECK(crypto::create_master_key(folder + "/key").has_value());
  auto out = crypto::load_master_key(folder + "/key");
  std::filesystem::remove_all(folder);
  MUSTER_CHECK(out.has_value());
  return std::move(*out);
}

struct World {
  std::unique_ptr<ports::Sealer> sealer = new_sealer();
  crypto::JwtSigner signer{{"muster", "muster"}, *sealer};
  std::unique_ptr<const crypto::SigningPart> part;
  std::string header;

  World() {
    auto key = signer.generate(model::SigningAlgorithm::hs256, now);
    MUSTER_CHECK(key.has_value());
    key->key.state = model::KeyState::current;
    MUSTER_CHECK(signer.set_keys({*key}).has_value());
    const auto secret = sealer->open(key->sealed_private, "signing-key:" + key->key.id);
    MUSTER_CHECK(secret.has_value());
    auto loaded = crypto::SigningPart::load(model::SigningAlgorithm::hs256, *secret);
    MUSTER_CHECK(loaded.has_value());
    part = std::move(*loaded);
    header = base64url_encode(R"({"alg":"HS256","kid":")" + key->key.id + R"(","typ":"at+jwt"})") + '.';
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const std::string text(reinterpret_cast<const char*>(data), size);
  MUSTER_CHECK(!world.signer.verify(text, now).has_value());
  MUSTER_CHECK(!world.signer.verify(world.header + text, now).has_value());

  const std::string input = world.header + base64url_encode(text);
  const auto signature = world.part->sign(input);
  MUSTER_CHECK(signature.has_value());
  const auto verified = world.signer.verify(input + '.' + base64url_encode(*signature), now);
  if (!verified) {
    MUSTER_CHECK(!verified.error().message.empty());
    return 0;
  }
  MUSTER_CHECK(verified->issuer == "muster" && verified->audience == "muster" && verified->expires_at > now);
  MUSTER_CHECK(is_utf8(text));
  const auto again = crypto::decode_claims(crypto::encode_claims(*verified));
  MUSTER_CHECK(again.has_value() && again->stamp.session == verified->stamp.session &&
               again->stamp.epoch == verified->stamp.epoch && again->roles == verified->roles &&
               again->token_id == verified->token_id && again->expires_at == verified->expires_at);
  return 0;
}
