// SPDX-License-Identifier: Apache-2.0
// Password verifications a second of bare libsodium on all cores: `bench_hashing SECONDS MEMORY_KIB
// ITERATIONS`.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <sodium.h>

int main(int argc, char** argv) {
  if (argc != 4 || sodium_init() < 0) {
    std::fprintf(stderr, "usage: bench_hashing SECONDS MEMORY_KIB ITERATIONS\n");
    return 2;
  }
  const std::chrono::duration<double> time(std::atof(argv[1]));
  const auto memory_size_bytes = static_cast<std::size_t>(std::atoi(argv[2])) * 1024;
  const auto iterations = static_cast<unsigned long long>(std::atoi(argv[3]));
  const std::string password = "correct horse battery staple";
  std::string hash(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str(hash.data(), password.data(), password.size(), iterations, memory_size_bytes) != 0)
    return 1;

  std::atomic<long> count = 0;
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i)
    threads.emplace_back([&] {
      while (std::chrono::steady_clock::now() - began < time)
        if (crypto_pwhash_str_verify(hash.data(), password.data(), password.size()) == 0) ++count;
    });
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%.2f\n", static_cast<double>(count) / took.count());
  return 0;
}
