// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/sealer.hpp"

#include "base/encoding.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace muster::crypto {
namespace {

namespace fs = std::filesystem;

/// A folder of its own that goes with the test.
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "muster-sealer-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path); }

  [[nodiscard]] std::string file(const char* name) const { return (path / name).string(); }
};

void write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

TEST_CASE("a new master key is 64 hex digits that only its owner reads", "[crypto]") {
  const Folder folder;
  const std::string path = folder.file("master.key");
  REQUIRE(create_master_key(path));
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0600);
  std::string text;
  std::ifstream(path) >> text;
  CHECK(text.size() == 64);
  CHECK(hex_decode(text));
  CHECK(load_master_key(path));
  REQUIRE(create_master_key(folder.file("other.key")));
  std::string other;
  std::ifstream(folder.file("other.key")) >> other;
  CHECK(text != other);
}

TEST_CASE("a master key is never written over", "[crypto]") {
  const Folder folder;
  const std::string path = folder.file("master.key");
  write(path, "precious");
  const auto refused = create_master_key(path);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::already_exists);
  std::string text;
  std::ifstream(path) >> text;
  CHECK(text == "precious");
  CHECK(create_master_key(folder.file("missing/master.key")).error().code == ErrorCode::unavailable);
}

TEST_CASE("a master key that cannot be trusted is refused with its name", "[crypto]") {
  const Folder folder;
  const std::string path = folder.file("master.key");
  const auto code_of = [&] {
    const auto refused = load_master_key(path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find(path) != std::string::npos);
    return refused.error().code;
  };
  CHECK(code_of() == ErrorCode::not_found);
  write(path, "not hex");
  CHECK(code_of() == ErrorCode::invalid_argument);
  write(path, std::string(62, 'a'));
  CHECK(code_of() == ErrorCode::invalid_argument);
  write(path, std::string(66, 'a'));
  CHECK(code_of() == ErrorCode::invalid_argument);
  write(path, std::string(64, 'a') + "\n");
  CHECK(load_master_key(path));
  for (const auto open_to : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write}) {
    fs::permissions(path, fs::perms::owner_read | open_to);
    CHECK(code_of() == ErrorCode::permission_denied);
  }
  fs::remove(path);
  fs::create_directory(path);
  fs::permissions(path, fs::perms::owner_all);
  CHECK(code_of() == ErrorCode::unavailable);
}

TEST_CASE("what is sealed opens in its place only", "[crypto]") {
  const Folder folder;
  const std::string path = folder.file("master.key");
  REQUIRE(create_master_key(path));
  const auto sealer = load_master_key(path).value();
  for (const std::string& plain : {std::string(), std::string("secret"), std::string(100'000, 'x')}) {
    const std::string sealed = sealer->seal(plain, "place");
    CHECK(sealed.find("secret") == std::string::npos);
    CHECK(sealer->seal(plain, "place") != sealed);
    CHECK(sealer->open(sealed, "place").value().reveal() == plain);
    CHECK_FALSE(sealer->open(sealed, "other"));
    CHECK_FALSE(sealer->open(sealed, ""));
  }
  const std::string sealed = sealer->seal("secret", "place");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(sealer->open(changed, "place"));
    CHECK_FALSE(sealer->open(sealed.substr(0, i), "place"));
  }
  CHECK(sealer->open("", "place").error().code == ErrorCode::internal);
}

TEST_CASE("the digest is SHA-256", "[crypto]") {
  const Folder folder;
  REQUIRE(create_master_key(folder.file("master.key")));
  const auto sealer = load_master_key(folder.file("master.key")).value();
  // FIPS 180-4's example.
  CHECK(hex_encode(sealer->digest("abc")) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace muster::crypto
