// SPDX-License-Identifier: BSD-3-Clause
// One program out of many kernels: every text once, behind what it needs, and every functor once.
#pragma once
#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <tessera/cuda/detail/compiler.hpp>
#include <tessera/cuda/detail/intrinsics.hpp>
#include <tessera/cuda/kernel.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// The source and the names of these kernels, for compile().
inline Program make_program(std::span<const Kernel> kernels) {
  Program program;
  std::vector<const Text*> texts;
  std::vector<std::string> functors;
  const auto add_text = [&](const auto& self, const Text& text) -> void {
    if (std::find(texts.begin(), texts.end(), &text) != texts.end()) return;
    for (const Text* needed : text.needs)
      if (needed) self(self, *needed);
    texts.push_back(&text);
  };
  for (const Kernel& kernel : kernels) {
    add_text(add_text, *kernel.text);
    program.names.push_back(kernel.name);
    if (!kernel.definitions.empty() &&
        std::find(functors.begin(), functors.end(), kernel.definitions) == functors.end())
      functors.push_back(kernel.definitions);
  }
  program.source = "#line 1 \"intrinsics\"\n";
  program.source += intrinsics_text;
  for (const Text* text : texts)
    program.source += std::string("\n#line 1 \"") + text->name + "\"\nnamespace tessera::cuda {\n" +
                      text->source + "\n}\n";
  for (const std::string& functor : functors)
    program.source +=
        "\n#line 1 \"a pointwise function\"\nnamespace tessera::cuda {\n" + functor + "}\n";
  return program;
}

}  // namespace tessera::cuda
