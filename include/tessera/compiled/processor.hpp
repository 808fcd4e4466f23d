// SPDX-License-Identifier: BSD-3-Clause
// Which kernels of the compiled library run: the widest that the processor has, or at most those
// that TESSERA_MAX_ARCH in the environment names. Decided at the first use, once.
#pragma once
#include <cstdlib>
#include <string_view>

#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera {

/// Levels of x86-64 as compilers name them; `only` where the library has one kind of kernels.
enum class Processor { only = 1, v2 = 2, v3 = 3, v4 = 4 };

namespace detail {

inline Processor widest_processor() {
#if defined(__x86_64__)
  const auto all = [](auto... has) { return (has && ...); };
#define TESSERA_HAS(feature) (__builtin_cpu_supports(feature) != 0)
  __builtin_cpu_init();
  if (!all(TESSERA_HAS("sse4.2"), TESSERA_HAS("popcnt")))
    throw DeviceError("this processor lacks SSE4.2: the compiled library needs x86-64-v2 or more; "
                      "use tessera::tessera, which is compiled for any processor");
  if (!all(TESSERA_HAS("avx2"), TESSERA_HAS("fma"), TESSERA_HAS("bmi"), TESSERA_HAS("bmi2")))
    return Processor::v2;
  if (!all(TESSERA_HAS("avx512f"), TESSERA_HAS("avx512bw"), TESSERA_HAS("avx512cd"),
           TESSERA_HAS("avx512dq"), TESSERA_HAS("avx512vl")))
    return Processor::v3;
#undef TESSERA_HAS
  return Processor::v4;
#else
  return Processor::only;
#endif
}

/// The kind that `most`, the value of TESSERA_MAX_ARCH or null, allows on such a processor.
inline Processor allowed_processor(Processor widest, const char* most) {
  if (most == nullptr || *most == '\0' || widest == Processor::only) return widest;
  for (const Processor level : {Processor::v2, Processor::v3, Processor::v4}) {
    const char name[] = {'x', '8', '6', '-', '6', '4', '-', 'v',
                         static_cast<char>('0' + static_cast<int>(level))};
    if (std::string_view(most) == std::string_view(name, sizeof name))
      return level < widest ? level : widest;
  }
  throw ArgumentError(text({"TESSERA_MAX_ARCH: expected x86-64-v2, x86-64-v3 or x86-64-v4, got \"",
                            most, "\""}));
}

}  // namespace detail

/// What the compiled library's kernels are chosen for, the same as long as the program runs.
/// Errors: ArgumentError for an unknown TESSERA_MAX_ARCH; DeviceError for a processor below v2
inline Processor processor() {
  static const Processor chosen =
      detail::allowed_processor(detail::widest_processor(), std::getenv("TESSERA_MAX_ARCH"));
  return chosen;
}

}  // namespace tessera
