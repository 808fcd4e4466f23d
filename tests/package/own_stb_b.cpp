// SPDX-License-Identifier: BSD-3-Clause
#include <tessera/data/image.hpp>

#include <stb/stb_image.h>

#ifdef STBI_NO_GIF
#error "the library narrowed the program's stb_image"
#endif

int width_in_other_unit(const std::vector<std::byte>& file);
int width_in_other_unit(const std::vector<std::byte>& file) {
  int width = 0, height = 0, channels = 0;
  const bool refused =
      !stbi_info_from_memory(reinterpret_cast<const stbi_uc*>(file.data()),
                             static_cast<int>(file.size()), &width, &height, &channels);
  return refused ? tessera::decode_image(file, "file").width : 0;
}
