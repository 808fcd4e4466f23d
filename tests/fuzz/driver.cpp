// SPDX-License-Identifier: BSD-3-Clause
// Linked into every fuzz target: `TARGET --seeds FOLDER` writes the target's seeds and ends.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <tessera/io/file.hpp>

#include "target.hpp"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc != 3 || std::string_view((*argv)[1]) != "--seeds") return 0;
  const std::filesystem::path folder = (*argv)[2];
  std::filesystem::create_directories(folder);
  int count = 0;
  for (const std::string& seed : seeds())
    tessera::write_file_atomically(folder / ("seed_" + std::to_string(count++)), seed);
  std::printf("%d seeds\n", count);
  std::exit(0);
}
