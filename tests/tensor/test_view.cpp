// SPDX-License-Identifier: BSD-3-Clause
// Views, shapes, mask views, owned tensors and buffers.
#include <doctest/doctest.h>

#include <cstdint>
#include <type_traits>
#include <utility>

#include <tessera/tensor/tensor.hpp>

using namespace tessera;

static_assert(Shape{4, 5, 3}.size() == 60 && Shape{4, 5, 3}.pixels() == 20);
static_assert(!Shape{4, 5, 3}.masked() && Shape{4, 5, 3}.with_mask().masked());
static_assert(Shape{4, 5, 3}.with_mask().unmasked() == Shape{4, 5, 3});
static_assert(Shape{4, 5, 3} != Shape{4, 5, 3}.with_mask());
static_assert(Shape{70000, 70000, 3}.size() == 14'700'000'000);
static_assert(!View<float>{} && !ValidView{} && !HoleView{});
// The two meanings of a mask never convert into each other, and bare bytes into neither.
static_assert(!std::is_convertible_v<ValidView, HoleView> &&
              !std::is_convertible_v<HoleView, ValidView> &&
              !std::is_convertible_v<MutableHoleView, MutableValidView> &&
              !std::is_convertible_v<const std::uint8_t*, HoleView> &&
              !std::is_convertible_v<HoleView, MutableHoleView>);
static_assert(2_KiB == 2048 && 1_MiB == 1024_KiB && 1_GiB == 1024_MiB);
static_assert(aligned_size(0) == 0 && aligned_size(1) == 64 && aligned_size(64) == 64);

TEST_CASE("view: elements, pixels and slices address the same memory") {
  Tensor<float> tensor(2, {3, 4, 5});
  for (std::size_t i = 0; i < tensor.size(); ++i) tensor.data()[i] = static_cast<float>(i);
  const View<float> v = tensor;
  CHECK((v && v.contiguous() && v.pixels() == 24 && v.size() == 120));
  CHECK(v.shape() == Shape{3, 4, 5});
  CHECK(v(1, 2, 3, 4) == 119.0f);
  CHECK(v(1, 0, 2, 1) == static_cast<float>(((1 * 3 + 0) * 4 + 2) * 5 + 1));
  CHECK(v.pixel(1, 2, 3) == v.pixel(23));

  const View<float> s = v.slice(2, 3);
  CHECK((!s.contiguous() && s.channels == 3 && s.stride == 5 && s.pixels() == 24));
  CHECK(s.slice(1, 1).data == v.data + 3);
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 3; ++h)
      for (int w = 0; w < 4; ++w)
        for (int c = 0; c < 3; ++c) CHECK(&s(n, h, w, c) == &v(n, h, w, c + 2));
  const View<const float> constant = s;
  CHECK((constant.data == s.data && constant.stride == s.stride && constant.batch == 2));
}

TEST_CASE("view: mask planes lie side by side") {
  std::uint8_t bytes[2 * 2 * 3 * 2] = {};
  const MutableValidView mutable_mask{bytes, 2, 2, 3, MaskGroups{2, {4, 8}}};
  const ValidView mask = mutable_mask;
  CHECK((mask && mask.pixels() == 12 && mask.size() == 24));
  mutable_mask.pixel(1, 0, 2)[1] = 7;
  CHECK(bytes[((1 * 2 + 0) * 3 + 2) * 2 + 1] == 7);
  CHECK(mask.pixel(8)[1] == 7);
}

TEST_CASE("view: shapes as text") {
  CHECK(to_string(Shape{32, 16, 3}) == "32x16x3");
  CHECK(to_string(Shape{32, 16, 3}.with_mask()) == "32x16x3 (masked)");
}

TEST_CASE("buffer: aligned, zero, moved not copied") {
  for (std::size_t n : {std::size_t{1}, std::size_t{17}, std::size_t{1000}}) {
    Buffer<double> buffer(n);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % buffer_alignment == 0);
    for (double x : buffer) CHECK(x == 0);
    buffer[n - 1] = 3;
    Buffer<double> moved = std::move(buffer);
    CHECK((moved.size() == n && moved[n - 1] == 3));
  }
  CHECK(Buffer<float>().data() == nullptr);
  CHECK(Buffer<float>(0).size() == 0);
}
