// SPDX-License-Identifier: BSD-3-Clause
// A program with a stb_image of its own, all formats and configured otherwise, read before ours
// here and after ours in the other unit: both work, in both units.
#define STB_IMAGE_IMPLEMENTATION
#define STBI_MAX_DIMENSIONS 100
#include <stb/stb_image.h>
#if STBI_MAX_DIMENSIONS != 100
#error "the program's configuration changed"
#endif

#include <tessera/data/image.hpp>
#include <tessera/data/image_writer.hpp>

#if !defined(STB_IMAGE_IMPLEMENTATION) || STBI_MAX_DIMENSIONS != 100 || defined(STBI_ONLY_PNG)
#error "the library changed the program's macros"
#endif

int width_in_other_unit(const std::vector<std::byte>& file);

int main() {
  const auto file = tessera::encode_png(tessera::Image(3, 200, 3));
  int width = 0, height = 0, channels = 0;
  // The program's copy refuses the width, the library's does not.
  const bool refused =
      !stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()),
                             static_cast<int>(file.size()), &width, &height, &channels, 0);
  return refused && tessera::decode_image(file, "file").width == 200 &&
                 width_in_other_unit(file) == 200
             ? 0
             : 1;
}
