// SPDX-License-Identifier: Apache-2.0
#include "adapters/crypto/password_hasher.hpp"

#include "adapters/crypto/imported_hash.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

namespace muster::crypto {
namespace {

using ports::PasswordMatch;

constexpr Argon2Cost cheap{64, 1, 1};

std::unique_ptr<Argon2Hasher> hasher(const Argon2Cost& cost = cheap) {
  return Argon2Hasher::create(cost).value();
}

TEST_CASE("a hash is Argon2id at the configured cost, salted", "[crypto]") {
  const auto hashes = hasher({128, 3, 1});
  const Secret password("correct horse");
  const Secret hash = hashes->hash(password).value();
  CHECK(hash.reveal().starts_with("$argon2id$v=19$m=128,t=3,p=1$"));
  CHECK_FALSE(hashes->hash(password).value() == hash);
  CHECK(hashes->verify(password, hash).value() == PasswordMatch::yes);
  CHECK(hashes->verify(Secret("correct horsf"), hash).value() == PasswordMatch::no);
  CHECK(hashes->verify(Secret(""), hash).value() == PasswordMatch::no);
  CHECK(hashes->check_format(hash.reveal()));
}

TEST_CASE("a hash at another cost is right but outdated", "[crypto]") {
  const Secret password("correct horse");
  const Secret hash = hasher()->hash(password).value();
  CHECK(hasher({128, 1, 1})->verify(password, hash).value() == PasswordMatch::yes_outdated);
  CHECK(hasher({64, 2, 1})->verify(password, hash).value() == PasswordMatch::yes_outdated);
  CHECK(hasher({64, 2, 1})->verify(Secret("wrong"), hash).value() == PasswordMatch::no);
}

TEST_CASE("passwords are taken whole, NULs included", "[crypto]") {
  const auto hashes = hasher();
  const std::string text("abc\0def", 7);
  const Secret hash = hashes->hash(Secret(text)).value();
  CHECK(hashes->verify(Secret(text), hash).value() == PasswordMatch::yes);
  CHECK(hashes->verify(Secret("abc"), hash).value() == PasswordMatch::no);
  const std::string longest(1024, 'x');
  const Secret of_longest = hashes->hash(Secret(longest)).value();
  CHECK(hashes->verify(Secret(longest), of_longest).value() == PasswordMatch::yes);
  CHECK(hashes->verify(Secret(longest.substr(1)), of_longest).value() == PasswordMatch::no);
}

TEST_CASE("hashes of the configured cost share memory, others have their own", "[crypto]") {
  const auto made = Argon2Hasher::create({1024, 1, 1});
  REQUIRE(made);
  Argon2Hasher& hashes = **made;
  const auto hash = hashes.hash(Secret("password"));
  REQUIRE(hash);
  for (int i = 0; i < 3; ++i) {
    CHECK(hashes.verify(Secret("password"), *hash) == ports::PasswordMatch::yes);
    CHECK(hashes.verify(Secret("passwort"), *hash) == ports::PasswordMatch::no);
  }
  hashes.verify_nothing(Secret("password"));
  CHECK(hashes.memory().blocks() == 1);
  CHECK(hashes.memory().hashes() == 8);

  const auto other = Argon2Hasher::create({512, 1, 1});
  REQUIRE(other);
  CHECK((*other)->verify(Secret("password"), *hash) == ports::PasswordMatch::yes_outdated);
  CHECK((*other)->memory().hashes() == 0);
}

TEST_CASE("hashes at the same time do not disturb each other", "[crypto]") {
  constexpr std::size_t threads = 4;
  const auto made = Argon2Hasher::create({1024, 1, 1});
  REQUIRE(made);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (std::size_t thread = 0; thread < threads; ++thread)
    callers.emplace_back([&, thread] {
      const Secret password("password " + std::to_string(thread));
      const auto hash = (*made)->hash(password);
      for (int i = 0; i < 20; ++i) {
        if (!hash || (*made)->verify(password, *hash) != ports::PasswordMatch::yes) ++wrong;
        if (!hash || (*made)->verify(Secret("password"), *hash) != ports::PasswordMatch::no) ++wrong;
      }
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
  CHECK((*made)->memory().blocks() <= threads);
  CHECK((*made)->memory().hashes() == threads * 41);
}

TEST_CASE("costs are bounded, by field", "[crypto]") {
  CHECK(check_cost({}));
  const auto field_of = [](const Argon2Cost& cost) {
    return Argon2Hasher::create(cost).error().fields.at(0).field;
  };
  CHECK(field_of({7, 1, 1}) == "password.argon2.memory_kib");
  CHECK(field_of({(1U << 20) + 1, 1, 1}) == "password.argon2.memory_kib");
  CHECK(field_of({64, 0, 1}) == "password.argon2.iterations");
  CHECK(field_of({64, 1001, 1}) == "password.argon2.iterations");
  CHECK(field_of({1U << 20, 9, 1}) == "password.argon2.iterations");
  CHECK(field_of({64, 1, 2}) == "password.argon2.parallelism");
  CHECK(field_of({64, 1, 0}) == "password.argon2.parallelism");
}

TEST_CASE("calibration keeps the memory and at least two iterations", "[crypto]") {
  const auto least = calibrate(Duration{1}, 1024).value();
  CHECK(least == Argon2Cost{1024, 2, 1});
  const auto more = calibrate(std::chrono::milliseconds{50}, 64).value();
  CHECK(more.memory_kib == 64);
  CHECK(more.iterations > 2);
  CHECK_FALSE(calibrate(Duration{1}, 1));
}

TEST_CASE("an unknown user costs what a wrong password costs", "[crypto]") {
  const auto hashes = hasher({8192, 2, 1});
  const Secret password("correct horse");
  const Secret hash = hashes->hash(password).value();
  const auto fastest_of = [](const auto& act) {
    auto out = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 7; ++i) {
      const auto start = std::chrono::steady_clock::now();
      act();
      out = std::min(out, std::chrono::steady_clock::now() - start);
    }
    return out;
  };
  const auto verify = fastest_of([&] { (void)hashes->verify(Secret("wrong"), hash); });
  const auto nothing = fastest_of([&] { hashes->verify_nothing(password); });
  // Far apart means that one of them does no work at all.
  CHECK(nothing * 4 > verify);
  CHECK(verify * 4 > nothing);
}

struct Vector {
  std::string password;
  std::string hash;
};

/// From the schemes' own test suites and specifications.
const std::vector<Vector>& published() {
  static const std::vector<Vector> list = {
      // Argon2 reference implementation.
      {"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"},
      {"password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"},
      {"password", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"},
      {"password", "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E"},
      {"password", "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"},
      // Openwall's bcrypt.
      {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
      {"U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"},
      {"U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
      {"U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
      // The SHA-crypt specification.
      {"Hello world!",
       "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/"
       "O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"},
      {"Hello world!",
       "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy"
       "/YTBmSK6H9qs/y3RnOaw5v."},
      // libxcrypt's yescrypt.
      {"correct horse", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79"},
      // PBKDF2-HMAC-SHA-256 of "password" and "salt", 4096 rounds, in three spellings.
      {"password", "$pbkdf2-sha256$4096$c2FsdA$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o"},
      {"password", "$pbkdf2-sha256$i=4096,l=32$c2FsdA$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o"},
      {"password", "pbkdf2_sha256$4096$salt$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o="},
      // RFC 7914 section 12.
      {"password",
       "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLi"
       "KjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA"},
      {"pleaseletmein",
       "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2"
       "LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"},
  };
  return list;
}

TEST_CASE("published hashes verify and are outdated, nothing else does", "[crypto]") {
  const auto hashes = hasher();
  for (const auto& [password, hash] : published()) {
    INFO(hash);
    CHECK(hashes->check_format(hash));
    CHECK(hashes->verify(Secret(password), Secret(hash)).value() == PasswordMatch::yes_outdated);
    CHECK(hashes->verify(Secret(password + "x"), Secret(hash)).value() == PasswordMatch::no);
    CHECK(hashes->verify(Secret(""), Secret(hash)).value() == PasswordMatch::no);
    CHECK(hashes->verify(Secret(password + std::string("\0x", 2)), Secret(hash)).value() ==
          PasswordMatch::no);
  }
}

TEST_CASE("A password longer than crypt takes is wrong, and no error that tells of the scheme", "[crypto]") {
  const std::string hash = "$6$saltstring$" + std::string(86, 'a');
  for (const std::size_t size_bytes : {511, 512, 1024}) {
    const auto outcome = matches(Secret(std::string(size_bytes, 'x')), hash);
    REQUIRE(outcome);
    CHECK_FALSE(*outcome);
  }
}

TEST_CASE("bcrypt looks at 72 bytes, as everywhere", "[crypto]") {
  // Openwall's vector whose password is longer than that.
  const std::string hash = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
  std::string password = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const auto hashes = hasher();
  CHECK(hashes->verify(Secret(password), Secret(hash)).value() == PasswordMatch::yes_outdated);
  CHECK(hashes->verify(Secret(password + "chars after 72 are ignored"), Secret(hash)).value() ==
        PasswordMatch::yes_outdated);
  password.back() = 'x';
  CHECK(hashes->verify(Secret(password), Secret(hash)).value() == PasswordMatch::no);
}

TEST_CASE("hashes that are malformed, unknown or too dear are refused on import", "[crypto]") {
  const auto hashes = hasher();
  const std::string base64(43, 'A');
  const std::vector<std::string> refused = {
      "",
      "password",
      "*",
      "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
      "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8",
      "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
      "$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
      "$2b$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
      "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
      "$2b$5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWx",
      "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
      "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe=",
      "$6$rounds=999$salt$" + std::string(86, 'a'),
      "$6$rounds=999999999$salt$" + std::string(86, 'a'),
      "$6$salt$" + std::string(85, 'a'),
      "$6$seventeencharssss$" + std::string(86, 'a'),
      "$y$jZT$salt$" + base64,
      "$y$jFT$salt$" + base64,
      "$y$j9T$salt$" + base64.substr(1),
      "$y$j9T$$" + base64,
      "$y$j9T.....$salt$" + base64,
      "$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$" + base64,
      "$argon2id$v=19$m=1048576,t=9,p=1$c29tZXNhbHQ$" + base64,
      "$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$" + base64,
      "$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ$" + base64,
      "$argon2id$v=19$m=64,t=1,p=17$c29tZXNhbHQ$" + base64,
      "$argon2id$v=19$m=8,t=1,p=2$c29tZXNhbHQ$" + base64,
      "$argon2id$v=20$m=64,t=1,p=1$c29tZXNhbHQ$" + base64,
      "$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHQ$" + base64,
      "$argon2id$v=19$m=064,t=1,p=1$c29tZXNhbHQ$" + base64,
      "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$" + base64,
      "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA",
      "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + std::string(400, 'A'),
      "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + base64 + "$",
      "$argon2xx$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + base64,
      "$pbkdf2-sha256$0$c2FsdA$" + base64,
      "$pbkdf2-sha256$4000001$c2FsdA$" + base64,
      "$pbkdf2-sha1$1000$c2FsdA$" + base64,
      "$pbkdf2-sha256$1000$c2FsdA$AAAA",
      "pbkdf2_sha256$-1$salt$" + base64,
      "$scrypt$ln=21,r=8,p=1$c2FsdA$" + base64,
      "$scrypt$ln=18,r=16,p=1$c2FsdA$" + base64,
      "$scrypt$ln=17,r=8,p=16$c2FsdA$" + base64,
      "$scrypt$ln=14,r=8$c2FsdA$" + base64,
      std::string("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$") + base64 + std::string("\0", 1),
      std::string(100'000, '$'),
  };
  for (const std::string& hash : refused) {
    INFO(hash.substr(0, 120));
    const auto status = hashes->check_format(hash);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == ErrorCode::invalid_argument);
    CHECK(status.error().fields.at(0).field == "password_hash");
  }
}

TEST_CASE("a stored hash that is damaged verifies nobody", "[crypto]") {
  const auto hashes = hasher();
  const auto broken = hashes->verify(Secret("password"), Secret("garbage"));
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == ErrorCode::internal);
}

TEST_CASE("any text for a hash gets an answer, and what is accepted can be verified", "[crypto]") {
  CHECK(rc::check("mutated hashes", [] {
    std::string hash = published()[*rc::gen::inRange<std::size_t>(0, published().size())].hash;
    // Costs stay as they are, so that the test stays quick: only salt and hash are touched.
    const auto from = hash.rfind('$');
    const auto at = *rc::gen::inRange<std::size_t>(from, hash.size());
    hash[at] = *rc::gen::arbitrary<char>();
    if (!hasher()->check_format(hash)) return;
    if (hash.find("m=65536") == std::string::npos && hash.find("p=16") == std::string::npos)
      RC_ASSERT(matches(Secret("other"), hash).has_value());
  }));
}

}  // namespace
}  // namespace muster::crypto
