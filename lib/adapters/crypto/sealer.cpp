// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/sealer.hpp"

#include "adapters/crypto/bytes.hpp"
#include "adapters/crypto/file.hpp"
#include "base/check.hpp"
#include "base/encoding.hpp"
#include "base/system_reason.hpp"

#include <array>
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster::crypto {
namespace {

constexpr std::size_t key_size_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t nonce_size_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

class XChaChaSealer final : public ports::Sealer {
 public:
  explicit XChaChaSealer(Secret key) : key_(std::move(key)) {}

  std::string seal(std::string_view plain, std::string_view context) override {
    std::string out(nonce_size_bytes + plain.size() + tag_size_bytes, '\0');
    randombytes_buf(out.data(), nonce_size_bytes);
    unsigned long long size = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(out) + nonce_size_bytes, &size, bytes_of(plain),
                                               plain.size(), bytes_of(context), context.size(), nullptr,
                                               bytes_of(out), bytes_of(key_.reveal()));
    return out;
  }

  Result<Secret> open(std::string_view sealed, std::string_view context) override {
    const auto refused = [] {
      return fail(ErrorCode::internal, "internal error",
                  "sealed bytes do not open: damaged, or another master key");
    };
    if (sealed.size() < nonce_size_bytes + tag_size_bytes) return refused();
    std::string out(sealed.size() - nonce_size_bytes - tag_size_bytes, '\0');
    const std::string_view box = sealed.substr(nonce_size_bytes);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(out), nullptr, nullptr, bytes_of(box), box.size(),
                                                   bytes_of(context), context.size(), bytes_of(sealed),
                                                   bytes_of(key_.reveal())) != 0)
      return refused();
    return Secret(std::move(out));
  }

  [[nodiscard]] std::string digest(std::string_view bytes) const override {
    std::string out(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(bytes_of(out), bytes_of(bytes), bytes.size());
    return out;
  }

 private:
  Secret key_;
};

Error cannot_write(const std::string& path, int error) {
  return Error{ErrorCode::unavailable,
               "master key file " + path + " cannot be written: " + system_reason(error),
               {},
               {},
               {}};
}

}  // namespace

Status create_master_key(const std::string& path) {
  MUSTER_CHECK(sodium_init() >= 0);
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) {
    const int error = errno;
    if (error == EEXIST)
      return fail(ErrorCode::already_exists, "master key file " + path + " is there already");
    return fail(cannot_write(path, error));
  }
  std::array<unsigned char, key_size_bytes> key{};
  randombytes_buf(key.data(), key.size());
  const Secret hex(hex_encode({reinterpret_cast<const char*>(key.data()), key.size()}));
  sodium_memzero(key.data(), key.size());
  const bool written = ::fchmod(file.get(), S_IRUSR | S_IWUSR) == 0 && file.write_all(hex.reveal()) &&
                       file.write_all("\n") && ::fsync(file.get()) == 0;
  if (!written) {
    const int error = errno;
    ::unlink(path.c_str());
    return fail(cannot_write(path, error));
  }
  auto parent = std::filesystem::path(path).parent_path();
  if (parent.empty()) parent = ".";
  const File folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return fail(cannot_write(path, errno));
  return {};
}

Result<std::unique_ptr<ports::Sealer>> load_master_key(const std::string& path) {
  MUSTER_CHECK(sodium_init() >= 0);
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    const int error = errno;
    if (error == ENOENT) return fail(ErrorCode::not_found, "master key file " + path + " is missing");
    return fail(ErrorCode::unavailable,
                "master key file " + path + " cannot be read: " + system_reason(error));
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return fail(ErrorCode::unavailable, "master key file " + path + " is not a regular file");
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(ErrorCode::permission_denied,
                "master key file " + path + " is open to others than its owner; run: chmod 600 " + path);
  const auto content = file.read_at_most(2 * key_size_bytes + 2);
  if (!content)
    return fail(ErrorCode::unavailable,
                "master key file " + path + " cannot be read: " + system_reason(errno));
  std::string_view hex = content->reveal();
  if (hex.ends_with('\n')) hex.remove_suffix(1);
  auto key = hex_decode(hex);
  if (!key || key->size() != key_size_bytes)
    return fail(ErrorCode::invalid_argument,
                "master key file " + path + " does not hold 64 hexadecimal digits");
  return std::make_unique<XChaChaSealer>(Secret(std::move(*key)));
}

}  // namespace muster::crypto
