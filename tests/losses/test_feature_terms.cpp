// SPDX-License-Identifier: BSD-3-Clause
// Perceptual and style terms on plain views: values against scalar twins, gradients by differences,
// layouts, threads.
#include <doctest/doctest.h>

#include <tessera/losses/detail/feature_terms.hpp>

#include "../gradient_checks.hpp"
#include "../kernels/fixture.hpp"
#include "naive_features.hpp"

using namespace tessera;
using namespace tessera::test;

namespace {

struct Case {
  int batch, height, width, channels;
};
constexpr Case cases[] = {{1, 3, 5, 4}, {3, 4, 3, 5}, {2, 1, 1, 3}, {2, 7, 2, 17}};

/// Calls term(a, b, da) on features in this layout; `check` gets its value.
template <class Term, class Naive>
void check_term(const Case& size, Layout layout, bool merge, const Term& term, const Naive& naive) {
  Field<double> a(size.batch, size.height, size.width, size.channels, layout, 1);
  Field<double> b(size.batch, size.height, size.width, size.channels, layout, 2);
  Field<double> da(size.batch, size.height, size.width, size.channels, layout, 3), before = da;
  std::vector<std::byte> workspace(feature_workspace<double>(size.batch, a.view().shape(), merge));
  const double value = term(Context<Cpu>{1}, a, b, 0.3, da.view(), workspace.data());
  CHECK(value == doctest::Approx(naive(a.view(), b.view())).epsilon(1e-12));
  CHECK(term(Context<Cpu>{3}, a, b, 0.3, View<double>{}, workspace.data()) == value);
  CHECK(da.intact());
  std::vector<double> x, gradient;
  for (std::ptrdiff_t p = 0; p < a.view().pixels(); ++p)
    for (int c = 0; c < size.channels; ++c) {
      x.push_back(a.at(p, c));
      gradient.push_back(da.at(p, c) - before.at(p, c));
    }
  testing::expect_gradient(x, gradient, [&] {
    for (std::size_t k = 0; k < x.size(); ++k)
      a.at(static_cast<std::ptrdiff_t>(k) / size.channels, static_cast<int>(k) % size.channels) =
          x[k];
    return 0.3 * term(Context<Cpu>{1}, a, b, 0, View<double>{}, workspace.data());
  });
}

}  // namespace

TEST_CASE("perceptual_term") {
  for (const Case& size : cases)
    for (const Layout layout : {Layout::contiguous, Layout::slice})
      check_term(
          size, layout, false,
          [](auto context, View<const double> a, View<const double> b, double factor,
             View<double> da, std::byte* workspace) {
            return perceptual_term(context, a, b, factor, da, workspace);
          },
          naive_perceptual);
}

TEST_CASE("style_term: both forms, one matrix for an image and one for the batch") {
  for (const StyleForm form : {StyleForm::absolute, StyleForm::squared})
    for (const bool merge : {false, true})
      for (const Case& size : cases)
        for (const Layout layout : {Layout::contiguous, Layout::slice})
          check_term(
              size, layout, merge,
              [&](auto context, View<const double> a, View<const double> b, double factor,
                  View<double> da, std::byte* workspace) {
                return style_term(context, form, merge, a, b, factor, da, workspace);
              },
              [&](View<const double> a, View<const double> b) {
                return naive_style(form, merge, a, b);
              });
}

TEST_CASE("equal features: no loss and no gradient") {
  Field<float> a(2, 4, 5, 6), da(2, 4, 5, 6);
  da.fill(0);
  const std::vector<float> zero = da.memory();
  std::vector<std::byte> workspace(feature_workspace<float>(2, a.view().shape(), true));
  const Context<Cpu> context;
  CHECK(perceptual_term(context, a, a, 1, da.view(), workspace.data()) == 0);
  for (const bool merge : {false, true})
    CHECK(style_term(context, StyleForm::absolute, merge, a, a, 1, da.view(), workspace.data()) ==
          0);
  CHECK(da.memory() == zero);
}

TEST_CASE("style_term: threads give the same bits") {
  for (const bool merge : {false, true}) {
    Field<float> a(3, 9, 8, 24, Layout::slice), b(3, 9, 8, 24, Layout::contiguous, 2);
    std::vector<std::byte> workspace(feature_workspace<float>(3, a.view().shape(), merge));
    std::vector<float> first;
    for (const int threads : thread_counts) {
      Field<float> da(3, 9, 8, 24, Layout::contiguous, 3);
      style_term(Context<Cpu>{threads}, StyleForm::squared, merge, a, b, 7, da.view(),
                 workspace.data());
      if (threads == 1) first = da.memory();
      CHECK(same_bits(first, da.memory()));
    }
  }
}
