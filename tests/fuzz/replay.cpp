// SPDX-License-Identifier: BSD-3-Clause
// A fuzz target as a plain test, with any compiler: its seeds, each cut at every length, each with
// every byte changed in a few ways, and files named on the command line (what the fuzzer found).
#include <cstdio>

#include <tessera/io/file.hpp>

#include "target.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t*, std::size_t size, std::size_t) {
  return size;  // a target's own mutator is not used here
}

namespace {

long runs = 0;

/// In memory of exactly its size, so that a sanitizer sees the first byte read beyond it.
void run(std::string_view input) {
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  ++runs;
}

void run_seed(const std::string& seed) {
  run(seed);
  // Long inputs (images) are cut and changed at about 2000 places.
  const std::size_t step = seed.size() / 2000 + 1;
  for (std::size_t i = 0; i < seed.size(); i += step) {
    run(std::string_view(seed).substr(0, i));
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::string changed = seed;
      changed[i] = static_cast<char>(changed[i] ^ change);
      run(changed);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const auto bytes = tessera::read_file(argv[i], std::uint64_t{1} << 30);
    run({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  if (argc == 1)
    for (const std::string& seed : seeds()) run_seed(seed);
  std::printf("%ld inputs, no finding\n", runs);
  return runs > 0 ? 0 : 1;
}
