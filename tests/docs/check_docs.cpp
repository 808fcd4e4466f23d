// SPDX-License-Identifier: BSD-3-Clause
// check_docs ROOT: what README.md and docs/*.md say is still true of the files beside them.
//   - every ```cpp block is a verbatim part of the file named in the comment above it, <!--
//   examples/x.cpp -->,
//     apart from an indentation that all its lines share;
//   - every citation key in include/, such as [liu2018], has an entry in docs/references.md.
// check_docs --self-test FOLDER: proves in that (scratch) folder that the faults are found.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

std::string trimmed(const std::string& s) {
  const auto first = s.find_first_not_of(" \t\r");
  return first == std::string::npos ? "" : s.substr(first, s.find_last_not_of(" \t\r") + 1 - first);
}

std::optional<Lines> read_lines(const fs::path& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  Lines lines;
  for (std::string line; std::getline(in, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    lines.push_back(line);
  }
  return lines;
}

/// Without the indentation that all lines share, and without empty lines at both ends.
Lines dedented(Lines lines) {
  while (!lines.empty() && lines.front().empty()) lines.erase(lines.begin());
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::size_t indent = std::string::npos;
  for (const std::string& line : lines)
    if (!line.empty()) indent = std::min(indent, line.find_first_not_of(" \t"));
  for (std::string& line : lines)
    if (!line.empty()) line.erase(0, indent);
  return lines;
}

bool contains(const Lines& file, const Lines& block) {
  for (std::size_t at = 0; at + block.size() <= file.size(); ++at) {
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at);
    if (dedented(Lines(begin, begin + static_cast<std::ptrdiff_t>(block.size()))) == block)
      return true;
  }
  return false;
}

void check_blocks(const fs::path& root, const fs::path& page, Lines& faults) {
  static const std::regex comment(R"(<!--\s*(\S+)\s*-->)");
  const Lines lines = read_lines(page).value_or(Lines{});
  std::string above;  // the last line with text before the block
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string line = trimmed(lines[i]);
    if (!line.starts_with("```")) {
      if (!line.empty()) above = line;
      continue;
    }
    const std::size_t opened = i;
    Lines block;
    for (++i; i < lines.size() && !trimmed(lines[i]).starts_with("```"); ++i)
      block.push_back(lines[i]);
    const std::string where =
        fs::relative(page, root).string() + ":" + std::to_string(opened + 1) + ": ";
    if (i == lines.size()) faults.push_back(where + "the block has no end");
    std::smatch match;
    const bool named = std::regex_match(above, match, comment);
    const std::string source = named ? match[1].str() : "";
    above.clear();
    const std::string language = line.substr(3);
    if (language != "cpp" && language != "c++" && language != "C++") continue;
    block = dedented(block);
    if (!named) {
      faults.push_back(
          where +
          "no comment above the block names its file, such as <!-- examples/01_quickstart.cpp -->");
    } else if (const auto file = read_lines(root / source); !file) {
      faults.push_back(where + source + " does not exist");
    } else if (block.empty() || !contains(*file, block)) {
      faults.push_back(where + "the block is not a verbatim part of " + source);
    }
  }
}

std::vector<fs::path> files_under(const fs::path& folder, const std::string& extension, bool deep) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator();
       ++it) {
    if (!deep) it.disable_recursion_pending();
    if (it->is_regular_file() && it->path().extension() == extension) files.push_back(it->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void check_citations(const fs::path& root, Lines& faults) {
  static const std::regex key(R"(\[([a-z]{2,}[0-9]{4}[a-z]?)\])");
  const auto keys_of = [](const fs::path& path) {
    std::set<std::string> keys;
    for (const std::string& line : read_lines(path).value_or(Lines{}))
      for (std::sregex_iterator it(line.begin(), line.end(), key), end; it != end; ++it)
        keys.insert((*it)[1]);
    return keys;
  };
  const std::set<std::string> known = keys_of(root / "docs/references.md");
  std::map<std::string, std::string> unresolved;  // key -> first header that uses it
  for (const fs::path& header : files_under(root / "include", ".hpp", true))
    for (const std::string& used : keys_of(header))
      if (!known.contains(used)) unresolved.emplace(used, fs::relative(header, root).string());
  for (const auto& [used, header] : unresolved)
    faults.push_back(header + ": [" + used + "] has no entry in docs/references.md");
}

Lines faults_of(const fs::path& root) {
  Lines faults;
  std::vector<fs::path> pages = files_under(root / "docs", ".md", false);
  if (fs::exists(root / "README.md")) pages.insert(pages.begin(), root / "README.md");
  for (const fs::path& page : pages) check_blocks(root, page, faults);
  check_citations(root, faults);
  return faults;
}

int self_test(const fs::path& root) {
  fs::remove_all(root);
  for (const char* folder : {"docs", "include", "examples"}) fs::create_directories(root / folder);
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(root / name) << text;
  };
  const auto page = [&](const std::string& above, const std::string& block) {
    write("README.md", "# Title\n\n" + above + "\n```cpp\n" + block + "```\n");
    return faults_of(root);
  };
  const std::string source = "<!-- examples/x.cpp -->";
  write("examples/x.cpp", "int main() {\n  int a = 1;\n\n  if (a) {\n    ++a;\n  }\n}\n");
  int failed = 0;
  const auto expect = [&](const char* what, const Lines& faults, const std::string& part) {
    const bool good = part.empty()
                          ? faults.empty()
                          : faults.size() == 1 && faults[0].find(part) != std::string::npos;
    if (good) return;
    ++failed;
    std::cerr << what << ": expected '" << part << "', got " << faults.size() << " faults\n";
    for (const std::string& fault : faults) std::cerr << "  " << fault << "\n";
  };
  expect("verbatim", page(source, "int main() {\n  int a = 1;\n"), "");
  expect("without indentation", page(source + "\n", "int a = 1;\n\nif (a) {\n  ++a;\n}\n"), "");
  expect("changed word", page(source, "int a = 2;\n"), "not a verbatim part of examples/x.cpp");
  expect("changed inner indentation", page(source, "if (a) {\n++a;\n}\n"), "not a verbatim part");
  expect("lines left out", page(source, "int a = 1;\n++a;\n"), "not a verbatim part");
  expect("empty block", page(source, ""), "not a verbatim part");
  expect("no comment", page("Text.", "int a = 1;\n"), "README.md:4: no comment above");
  expect("no such file", page("<!-- examples/y.cpp -->", "int a;\n"),
         "examples/y.cpp does not exist");
  write("README.md", "```sh\nls\n```\n");
  write("include/a.hpp", "// [liu2018] eq. 1; weight[0], x[i2018]\n");
  expect("unresolved key", faults_of(root), "include/a.hpp: [liu2018] has no entry");
  write("docs/references.md", "- [liu2018] Title, arXiv 1804.07723\n");
  expect("resolved key", faults_of(root), "");
  return failed == 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--self-test") return self_test(argv[2]);
  if (argc != 2) {
    std::cerr << "usage: check_docs ROOT | --self-test FOLDER\n";
    return 2;
  }
  const Lines faults = faults_of(argv[1]);
  for (const std::string& fault : faults) std::cerr << fault << "\n";
  std::cout << faults.size() << " faults\n";
  return faults.empty() ? 0 : 1;
}
