// SPDX-License-Identifier: BSD-3-Clause
// The CIFAR-10 reader. The first byte says how many bytes are added or cut so that the input is
// often whole records.
#include <tessera/data/cifar10.hpp>

#include "target.hpp"

using tessera::Cifar10;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::uint8_t> bytes(data + 1, data + size);
  const auto fill = static_cast<std::uint8_t>(data[0] % 16);
  if (data[0] < 200) bytes.resize((data[0] % 4u) * Cifar10::record_size, fill);
  else if (data[0] < 220) bytes.resize((data[0] % 4u) * Cifar10::record_size + 1, fill);
  tessera::fuzz::expect_result_or_error([&] {
    const auto input = tessera::fuzz::as_input(bytes.data(), bytes.size());
    std::vector<tessera::InputFile> files;
    files.emplace_back("first", input);
    if (data[0] % 2) files.emplace_back("second", input);
    const tessera::ImageSet images = Cifar10::read(files);
    if (images.size() * Cifar10::record_size != files.size() * bytes.size()) __builtin_trap();
    for (std::size_t i = 0; i < images.size(); ++i)
      if (images.label(i) > 9) __builtin_trap();
  });
  return 0;
}

std::vector<std::string> seeds() {
  std::string record(1 + Cifar10::record_size, '\5');
  record[0] = '\1';
  std::string two = record + record.substr(1);
  two[0] = '\2';
  return {record, two, std::string(1, '\xFF') + record.substr(1), "\1", "\xFFx"};
}
