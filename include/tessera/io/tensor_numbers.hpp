// SPDX-License-Identifier: BSD-3-Clause
// The numbers of a tensor in a safetensors file, of whatever dtype, as weights or as a count.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/io/detail/float8.hpp>
#include <tessera/io/detail/half.hpp>
#include <tessera/io/number_text.hpp>
#include <tessera/io/safetensors.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera::detail {

/// Calls `take` with each number of a tensor, as the C++ type that holds its dtype exactly. False,
/// without a call, for the dtypes that are no real numbers of whole bytes: complex ones, exponents
/// alone (F8_E8M0), F4 and F6.
template <class Take>
bool for_each_number(const SafetensorsFile& file, const SafetensorsEntry& entry, Take take) {
  const auto each = [&]<class Stored>(Stored, auto convert) {
    const std::vector<std::byte> bytes = file.read_bytes(entry.name);
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(Stored)) {
      Stored value;
      std::memcpy(&value, bytes.data() + at, sizeof value);
      take(convert(value));
    }
    return true;
  };
  const std::string_view dtype = entry.dtype;
  const std::identity same;
  if (dtype == "F32") return each(float{}, same);
  if (dtype == "F64") return each(double{}, same);
  if (dtype == "F16") return each(std::uint16_t{}, float_from_f16);
  if (dtype == "BF16") return each(std::uint16_t{}, float_from_bf16);
  if (dtype == "F8_E4M3") return each(std::uint8_t{}, float_from_f8_e4m3);
  if (dtype == "F8_E5M2") return each(std::uint8_t{}, float_from_f8_e5m2);
  if (dtype == "F8_E4M3FNUZ") return each(std::uint8_t{}, float_from_f8_e4m3fnuz);
  if (dtype == "F8_E5M2FNUZ") return each(std::uint8_t{}, float_from_f8_e5m2fnuz);
  if (dtype == "I64") return each(std::int64_t{}, same);
  if (dtype == "I32") return each(std::int32_t{}, same);
  if (dtype == "I16") return each(std::int16_t{}, same);
  if (dtype == "I8") return each(std::int8_t{}, same);
  if (dtype == "U64") return each(std::uint64_t{}, same);
  if (dtype == "U32") return each(std::uint32_t{}, same);
  if (dtype == "U16") return each(std::uint16_t{}, same);
  if (dtype == "U8" || dtype == "BOOL") return each(std::uint8_t{}, same);
  return false;
}

inline std::string tensor_place(const SafetensorsFile& file, const SafetensorsEntry& entry) {
  return file.path().string() + ": tensor \"" + printable_name(entry.name) + "\": expected ";
}

/// The values of a tensor of floating-point numbers. Errors: FileError for another dtype
template <class T>
std::vector<T> read_values(const SafetensorsFile& file, const SafetensorsEntry& entry) {
  std::vector<T> values;
  const bool floating = entry.dtype.starts_with('F') || entry.dtype == "BF16";
  const std::size_t bits = safetensors_dtype_bits(entry.dtype);
  if (floating) values.reserve(8 * (entry.end - entry.begin) / bits);
  const auto keep = [&](auto value) { values.push_back(static_cast<T>(value)); };
  if (!floating || !for_each_number(file, entry, keep))
    throw FileError(tensor_place(file, entry) +
                    "dtype F32, F64, F16, BF16 or F8 (E4M3, E5M2), got " + entry.dtype);
  return values;
}

/// A counter of steps, of any dtype: a cast of the whole model, such as PyTorch's `half()`, may
/// have changed it. A training run adds to it, so what is near the largest integer is refused.
/// Errors: FileError if it is not a whole number from 0 to 2^53
inline std::int64_t read_counter(const SafetensorsFile& file, const SafetensorsEntry& entry) {
  constexpr std::int64_t most = std::int64_t{1} << 53;
  std::int64_t count = 0;
  const auto keep = [&]<class Number>(Number value) {
    if constexpr (std::integral<Number>) {
      if (!(std::cmp_less(value, 0) || std::cmp_greater(value, most)))
        return void(count = static_cast<std::int64_t>(value));
      throw FileError(tensor_place(file, entry) + "a count of 0 to 2^53, got " +
                      std::to_string(value));
    } else {
      const double number = value;
      // The order matters: only what is in the range has a whole part that fits.
      if (number >= 0 && number <= static_cast<double>(most)) {
        count = static_cast<std::int64_t>(number);
        if (static_cast<double>(count) == number) return;
      }
      throw FileError(tensor_place(file, entry) + "a count, a whole number of 0 to 2^53, got " +
                      number_text(number));
    }
  };
  if (!for_each_number(file, entry, keep))
    throw FileError(tensor_place(file, entry) + "a count, such as I64, got " + entry.dtype);
  return count;
}

}  // namespace tessera::detail
