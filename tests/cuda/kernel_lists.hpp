// SPDX-License-Identifier: BSD-3-Clause
// Which kernels a test ran, as a file: those of many tests' files are given to the run-time
// compiler.
#pragma once
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <tessera/cuda/kernel.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera::testing {

/// Writes the kernels into a file named after the test in the folder TESSERA_KERNEL_LISTS, if that
/// is set.
inline void write_kernels(const std::string& test, const auto& kernels_by_name) {
  const char* const folder = std::getenv("TESSERA_KERNEL_LISTS");
  if (!folder) return;
  nlohmann::json list;
  const auto add_text = [&](const auto& self, const cuda::Text& text) -> void {
    auto needs = nlohmann::json::array();
    for (const cuda::Text* needed : text.needs)
      if (needed) {
        self(self, *needed);
        needs.push_back(needed->name);
      }
    list["texts"][text.name] = {{"source", text.source}, {"needs", needs}};
  };
  for (const auto& [name, kernel] : kernels_by_name) {
    add_text(add_text, *kernel.text);
    list["kernels"][name] = {{"text", kernel.text->name}, {"definitions", kernel.definitions}};
  }
  std::filesystem::create_directories(folder);
  std::ofstream(std::filesystem::path(folder) / (test + ".json")) << list;
}

/// All kernels of all files of a folder, each once, and the texts they point to.
struct KernelLists {
  std::deque<std::string> strings;
  std::map<std::string, cuda::Text> texts;
  std::vector<cuda::Kernel> kernels;

  explicit KernelLists(const std::filesystem::path& folder) {
    nlohmann::json all;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      std::ifstream in(file.path());
      const auto list = nlohmann::json::parse(in);
      if (list.is_null()) continue;
      for (const char* part : {"texts", "kernels"}) all[part].update(list[part]);
    }
    if (all.is_null()) throw FileError(folder.string() + ": no test has listed a kernel here");
    for (const auto& [name, text] : all["texts"].items()) make_text(all["texts"], name);
    for (const auto& [name, kernel] : all["kernels"].items())
      kernels.push_back({&texts.at(kernel["text"]), name, kernel["definitions"]});
  }

 private:
  const cuda::Text* make_text(const nlohmann::json& all, const std::string& name) {
    if (const auto at = texts.find(name); at != texts.end()) return &at->second;
    cuda::Text text{keep(name), keep(all[name]["source"]), {}};
    int i = 0;
    for (const auto& needed : all[name]["needs"]) text.needs[i++] = make_text(all, needed);
    return &texts.emplace(name, text).first->second;
  }
  const char* keep(const std::string& s) { return strings.emplace_back(s).c_str(); }
};

}  // namespace tessera::testing
