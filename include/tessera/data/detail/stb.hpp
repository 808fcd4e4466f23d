// SPDX-License-Identifier: BSD-3-Clause
// A private copy of stb_image: JPEG and PNG from memory, within a given amount of memory. It
// lives in a namespace of ours with internal linkage, and neither sees nor leaves a macro, so a
// program may include and configure stb_image.h as it likes, before or after. Included by image.hpp
// only.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <cstring>
// What stb_image includes, before it is included inside a namespace.
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC system_header  // stb's warnings are not ours

#pragma push_macro("STBI_INCLUDE_STB_IMAGE_H")
#pragma push_macro("STB_IMAGE_IMPLEMENTATION")
#pragma push_macro("STB_IMAGE_STATIC")
#pragma push_macro("STBIDEF")
#pragma push_macro("STBI_ONLY_JPEG")
#pragma push_macro("STBI_ONLY_PNG")
#pragma push_macro("STBI_ONLY_BMP")
#pragma push_macro("STBI_ONLY_PSD")
#pragma push_macro("STBI_ONLY_TGA")
#pragma push_macro("STBI_ONLY_GIF")
#pragma push_macro("STBI_ONLY_HDR")
#pragma push_macro("STBI_ONLY_PIC")
#pragma push_macro("STBI_ONLY_PNM")
#pragma push_macro("STBI_ONLY_ZLIB")
#pragma push_macro("STBI_NO_JPEG")
#pragma push_macro("STBI_NO_PNG")
#pragma push_macro("STBI_NO_BMP")
#pragma push_macro("STBI_NO_PSD")
#pragma push_macro("STBI_NO_TGA")
#pragma push_macro("STBI_NO_GIF")
#pragma push_macro("STBI_NO_HDR")
#pragma push_macro("STBI_NO_PIC")
#pragma push_macro("STBI_NO_PNM")
#pragma push_macro("STBI_NO_LINEAR")
#pragma push_macro("STBI_NO_ZLIB")
#pragma push_macro("STBI_SUPPORT_ZLIB")
#pragma push_macro("STBI_NO_STDIO")
#pragma push_macro("STBI_NO_SIMD")
#pragma push_macro("STBI_NO_FAILURE_STRINGS")
#pragma push_macro("STBI_FAILURE_USERMSG")
#pragma push_macro("STBI_NO_THREAD_LOCALS")
#pragma push_macro("STBI_THREAD_LOCAL")
#pragma push_macro("STBI_MAX_DIMENSIONS")
#pragma push_macro("STBI_ASSERT")
#pragma push_macro("STBI_MALLOC")
#pragma push_macro("STBI_REALLOC")
#pragma push_macro("STBI_REALLOC_SIZED")
#pragma push_macro("STBI_FREE")
#pragma push_macro("STBI_WINDOWS_UTF8")
#pragma push_macro("STBI_NEON")
#pragma push_macro("STBI_SIMD_ALIGN")

#include <tessera/data/detail/stb_settings.hpp>
#undef stbi__err  // of an implementation read before: a macro and a function have this name

namespace tessera::detail::stb {

/// Bytes that the decoder may still take on this thread; decode_image sets it.
inline thread_local std::size_t allowance = 0;

/// Zeroed, so that pixels missing from a damaged file are not old memory; null if over the
/// allowance.
inline void* allocate(std::size_t size) {
  if (size > allowance) return nullptr;
  allowance -= size;
  return std::calloc(size ? size : 1, 1);
}
inline void* reallocate(void* p, std::size_t old_size, std::size_t new_size) {
  void* grown = allocate(new_size);
  if (!grown) return nullptr;
  if (p) std::memcpy(grown, p, old_size < new_size ? old_size : new_size);
  std::free(p);
  return grown;
}

/// A condition of stb_image's own did not hold.
struct BrokenAssertion {};
[[noreturn]] inline void fail() { throw BrokenAssertion{}; }

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_NO_SIMD
#define STBI_MAX_DIMENSIONS (1 << 30)  // decode_image has looked at the size
#define STBI_ASSERT(x) ((x) ? void() : fail())
#define STBI_MALLOC(size) allocate(size)
#define STBI_REALLOC_SIZED(p, old_size, new_size) reallocate(p, old_size, new_size)
#define STBI_FREE(p) std::free(p)
// stb_image declares these extern "C", where a namespace makes no other symbol of a name.
#define stbi_convert_iphone_png_to_rgb own_convert_iphone_png_to_rgb
#define stbi_convert_iphone_png_to_rgb_thread own_convert_iphone_png_to_rgb_thread
#define stbi_failure_reason own_failure_reason
#define stbi_image_free own_image_free
#define stbi_info_from_callbacks own_info_from_callbacks
#define stbi_info_from_memory own_info_from_memory
#define stbi_is_16_bit_from_callbacks own_is_16_bit_from_callbacks
#define stbi_is_16_bit_from_memory own_is_16_bit_from_memory
#define stbi_is_hdr_from_callbacks own_is_hdr_from_callbacks
#define stbi_is_hdr_from_memory own_is_hdr_from_memory
#define stbi_load_16_from_callbacks own_load_16_from_callbacks
#define stbi_load_16_from_memory own_load_16_from_memory
#define stbi_load_from_callbacks own_load_from_callbacks
#define stbi_load_from_memory own_load_from_memory
#define stbi_set_flip_vertically_on_load own_set_flip_vertically_on_load
#define stbi_set_flip_vertically_on_load_thread own_set_flip_vertically_on_load_thread
#define stbi_set_unpremultiply_on_load own_set_unpremultiply_on_load
#define stbi_set_unpremultiply_on_load_thread own_set_unpremultiply_on_load_thread
#define stbi_zlib_decode_buffer own_zlib_decode_buffer
#define stbi_zlib_decode_malloc own_zlib_decode_malloc
#define stbi_zlib_decode_malloc_guesssize own_zlib_decode_malloc_guesssize
#define stbi_zlib_decode_malloc_guesssize_headerflag own_zlib_decode_malloc_guesssize_headerflag
#define stbi_zlib_decode_noheader_buffer own_zlib_decode_noheader_buffer
#define stbi_zlib_decode_noheader_malloc own_zlib_decode_noheader_malloc
// stb_image 2.27 adds and shifts out of range on damaged files, which its results survive: not a
// finding of UndefinedBehaviorSanitizer. g++ has no pragma for that; all functions of stb_image are
// static, and nothing else is read while the word has this meaning.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("undefined"))), apply_to = function)
#include <stb/stb_image.h>
#pragma clang attribute pop
#else
#define static __attribute__((no_sanitize("undefined"))) static
#include <stb/stb_image.h>
#undef static
#endif

}  // namespace tessera::detail::stb

#undef stbi_convert_iphone_png_to_rgb
#undef stbi_convert_iphone_png_to_rgb_thread
#undef stbi_failure_reason
#undef stbi_image_free
#undef stbi_info_from_callbacks
#undef stbi_info_from_memory
#undef stbi_is_16_bit_from_callbacks
#undef stbi_is_16_bit_from_memory
#undef stbi_is_hdr_from_callbacks
#undef stbi_is_hdr_from_memory
#undef stbi_load_16_from_callbacks
#undef stbi_load_16_from_memory
#undef stbi_load_from_callbacks
#undef stbi_load_from_memory
#undef stbi_set_flip_vertically_on_load
#undef stbi_set_flip_vertically_on_load_thread
#undef stbi_set_unpremultiply_on_load
#undef stbi_set_unpremultiply_on_load_thread
#undef stbi_zlib_decode_buffer
#undef stbi_zlib_decode_malloc
#undef stbi_zlib_decode_malloc_guesssize
#undef stbi_zlib_decode_malloc_guesssize_headerflag
#undef stbi_zlib_decode_noheader_buffer
#undef stbi_zlib_decode_noheader_malloc

#include <tessera/data/detail/stb_settings.hpp>

#pragma pop_macro("STBI_INCLUDE_STB_IMAGE_H")
#pragma pop_macro("STB_IMAGE_IMPLEMENTATION")
#pragma pop_macro("STB_IMAGE_STATIC")
#pragma pop_macro("STBIDEF")
#pragma pop_macro("STBI_ONLY_JPEG")
#pragma pop_macro("STBI_ONLY_PNG")
#pragma pop_macro("STBI_ONLY_BMP")
#pragma pop_macro("STBI_ONLY_PSD")
#pragma pop_macro("STBI_ONLY_TGA")
#pragma pop_macro("STBI_ONLY_GIF")
#pragma pop_macro("STBI_ONLY_HDR")
#pragma pop_macro("STBI_ONLY_PIC")
#pragma pop_macro("STBI_ONLY_PNM")
#pragma pop_macro("STBI_ONLY_ZLIB")
#pragma pop_macro("STBI_NO_JPEG")
#pragma pop_macro("STBI_NO_PNG")
#pragma pop_macro("STBI_NO_BMP")
#pragma pop_macro("STBI_NO_PSD")
#pragma pop_macro("STBI_NO_TGA")
#pragma pop_macro("STBI_NO_GIF")
#pragma pop_macro("STBI_NO_HDR")
#pragma pop_macro("STBI_NO_PIC")
#pragma pop_macro("STBI_NO_PNM")
#pragma pop_macro("STBI_NO_LINEAR")
#pragma pop_macro("STBI_NO_ZLIB")
#pragma pop_macro("STBI_SUPPORT_ZLIB")
#pragma pop_macro("STBI_NO_STDIO")
#pragma pop_macro("STBI_NO_SIMD")
#pragma pop_macro("STBI_NO_FAILURE_STRINGS")
#pragma pop_macro("STBI_FAILURE_USERMSG")
#pragma pop_macro("STBI_NO_THREAD_LOCALS")
#pragma pop_macro("STBI_THREAD_LOCAL")
#pragma pop_macro("STBI_MAX_DIMENSIONS")
#pragma pop_macro("STBI_ASSERT")
#pragma pop_macro("STBI_MALLOC")
#pragma pop_macro("STBI_REALLOC")
#pragma pop_macro("STBI_REALLOC_SIZED")
#pragma pop_macro("STBI_FREE")
#pragma pop_macro("STBI_WINDOWS_UTF8")
#pragma pop_macro("STBI_NEON")
#pragma pop_macro("STBI_SIMD_ALIGN")

// Names that only its implementation uses.
#undef FAST_BITS
#undef STBI_EXTERN
#undef STBI_NOTUSED
#undef STBI_VERSION
#undef STBI__BYTECAST
#undef STBI__CASE
#undef STBI__COMBO
#undef STBI__IDCT_1D
#undef STBI__MARKER_none
#undef STBI__PNG_TYPE
#undef STBI__RESTART
#undef STBI__X64_TARGET
#undef STBI__X86_TARGET
#undef STBI__ZFAST_BITS
#undef STBI__ZFAST_MASK
#undef STBI__ZNSYMS
#undef stbi__DNL
#undef stbi__EOI
#undef stbi__SOF
#undef stbi__SOF_progressive
#undef stbi__SOI
#undef stbi__SOS
#undef stbi__de_iphone_flag
#undef stbi__div16
#undef stbi__div4
#undef stbi__err
#undef stbi__errpf
#undef stbi__errpuc
#undef stbi__f2f
#undef stbi__float2fixed
#undef stbi__fsh
#undef stbi__unpremultiply_on_load
#undef stbi__vertically_flip_on_load
#undef stbi_inline
#undef stbi_lrot
