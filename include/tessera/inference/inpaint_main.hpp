// SPDX-License-Identifier: BSD-3-Clause
// A whole program that restores pictures with a network of one's own, on the CPU:
//     int main(int argc, char** argv) { return tessera::inpaint_main<Net>(argc, argv); }
//     my_inpaint model.safetensors photograph.jpg mask.png -o restored.png
// Needs stb_image, as everything that reads pictures; so it is included by name.
#pragma once
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/data/image_writer.hpp>
#include <tessera/data/mask_files.hpp>
#include <tessera/inference/composite.hpp>
#include <tessera/io/status_line.hpp>
#include <tessera/network/weights.hpp>

namespace tessera {

/// What the command line of inpaint_main says.
struct InpaintArguments {
  std::string model, image, mask, out;
  std::int64_t memory_limit = 2048, threads = 0;  // MiB; 0: one for each core
  bool invert = false, quiet = false, help = false;

  /// Errors: ArgumentError in a sentence: an unknown option, one without its value, a number that
  /// is none, too few or too many names
  static InpaintArguments parse(const std::vector<std::string>& words) {
    InpaintArguments a;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      const auto value = [&]() -> const std::string& {
        if (i + 1 == words.size()) throw ArgumentError(word + ": expected a value behind it");
        return words[++i];
      };
      if (word == "--help" || word == "-h") a.help = true;
      else if (word == "--quiet") a.quiet = true;
      else if (word == "--invert") a.invert = true;
      else if (word == "-o" || word == "--out") a.out = value();
      else if (word == "--memory-limit")
        a.memory_limit = number(word, value(), 1, std::numeric_limits<std::size_t>::max() >> 20);
      else if (word == "--threads") a.threads = number(word, value(), 0, 4096);
      else if (word.starts_with('-') && word != "-") throw ArgumentError(word + ": no such option");
      else names.push_back(word);
    }
    if (a.help) return a;
    if (names.size() != 3 || a.out.empty())
      throw ArgumentError("expected MODEL IMAGE MASK -o OUT, got " + std::to_string(names.size()) +
                          " names" + (a.out.empty() ? " and no -o" : ""));
    a.model = names[0];
    a.image = names[1];
    a.mask = names[2];
    return a;
  }

 private:
  static std::int64_t number(const std::string& option, std::string_view text, std::int64_t least,
                             std::uint64_t most) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || n < least ||
        n > static_cast<std::int64_t>(most))
      throw ArgumentError(option + ": expected a whole number of at least " +
                          std::to_string(least) + " and at most " + std::to_string(most) +
                          ", got " + std::string(text));
    return n;
  }
};

/// Fills the white parts of a mask in a picture of any size with a trained `Net`, and writes the
/// picture. Known pixels come back as they were. Exit status: 0 done, 1 the work failed, 2 wrong
/// use; what went wrong is one sentence on stderr, which also shows how far it is unless --quiet.
template <class Net>
int inpaint_main(int argc, char** argv) {
  const char* const program = argc > 0 ? argv[0] : "inpaint";
  InpaintArguments a;
  try {
    a = InpaintArguments::parse(std::vector<std::string>(argv + (argc > 0), argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s; --help lists the options\n", program, error.what());
    return 2;
  }
  if (a.help) {
    std::printf(
        "%s MODEL IMAGE MASK -o OUT\n"
        "Fills the white parts of MASK in IMAGE (JPEG, PNG, BMP) with MODEL's weights.\n"
        "  -o, --out OUT       restored image, .png or .bmp\n"
        "  --memory-limit MIB  of one pass of the network (2048)\n"
        "  --threads N         0: one for each core (0)\n"
        "  --invert            fill the black parts of MASK instead\n"
        "  --quiet             show nothing but errors\n",
        program);
    return 0;
  }
  try {
    const Image image = read_image(a.image);
    image_file_format(a.out, image);  // before the work: a name, and
    check_writable(a.out);            // a place that can be written
    const HoleMask mask = read_hole(a.mask, MaskOptions{.invert = a.invert});
    Model<Net> model(Seed{}, a.threads > 0 ? Context<Cpu>{static_cast<int>(a.threads)}
                                           : Context<Cpu>::all_cores());
    model.load(a.model);
    StatusLine status(a.quiet ? nullptr : stderr);
    const Image restored =
        restore_image(model, image, mask,
                      {.memory_limit = static_cast<std::size_t>(a.memory_limit) << 20,
                       .on_pass = [&](const InpaintReport& report) {
                         status.show_count("inpaint", static_cast<std::size_t>(report.tiles),
                                           static_cast<std::size_t>(report.all_tiles));
                       }});
    status.clear();
    write_image(a.out, restored);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return 1;
  }
  return 0;
}

}  // namespace tessera
