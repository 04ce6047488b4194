// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over its corpus and over mutations of it, from a fixed seed: what ctest runs where there
// is no libFuzzer. `fuzz_NAME CORPUS [ROUNDS]`.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t size_max_bytes = 64 * 1024;
constexpr std::size_t mutations_default = 16'000;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& corpus) : corpus_(corpus) {}

  std::string mutated(std::string text) {
    for (std::size_t count = 1 + below(4); count > 0; --count) once(text);
    if (text.size() > size_max_bytes) text.resize(size_max_bytes);
    return text;
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

  void once(std::string& text) {
    constexpr std::string_view telling = "{}[]\",:\\/.-+eE0129\n\r\t *=\x00\x7f\x80\xc0\xff";
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = std::min(text.size() - at, below(16) + 1);
    switch (below(7)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << below(8)));
        break;
      case 1:
        text.insert(at, 1, telling[below(telling.size())]);
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(at, text.substr(at, length));
        break;
      case 4:
        text.resize(at);
        break;
      case 5:
        text.insert(at, below(200) + 1, telling[below(telling.size())]);
        break;
      default: {
        const std::string& other = corpus_[below(corpus_.size())];
        text = text.substr(0, at) + other.substr(below(other.size() + 1));
      }
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_{20260101};
};

std::vector<std::string> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_regular_file()) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return corpus;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || !std::filesystem::is_directory(argv[1])) {
    std::fprintf(stderr, "usage: %s CORPUS [ROUNDS]\n", argv[0]);
    return 2;
  }
  const auto corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: the corpus is empty\n", argv[1]);
    return 1;
  }
  std::size_t rounds = mutations_default / corpus.size() + 1;
  if (argc > 2) {
    const std::string_view text = argv[2];
    if (std::from_chars(text.data(), text.data() + text.size(), rounds).ec != std::errc{}) return 2;
  }
  run("");
  for (const std::string& each : corpus) run(each);
  Mutator mutator(corpus);
  for (std::size_t round = 0; round < rounds; ++round)
    for (const std::string& each : corpus) run(mutator.mutated(each));
  std::printf("%zu inputs, %zu mutations: no crash\n", corpus.size(), corpus.size() * rounds);
  return 0;
}
