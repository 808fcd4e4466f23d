// SPDX-License-Identifier: BSD-3-Clause
// Matrix products, by BLAS and by the library's own, against the definition.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/gemm.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("gemm: against the definition", T, float, double) {
  struct Size {
    int m, n, k;
  };
  const Size sizes[] = {{1, 1, 1},   {1, 17, 5},    {13, 1, 40},    {12, 32, 64}, {25, 33, 193},
                        {7, 5, 0},   {200, 50, 31}, {3, 400, 200},  {0, 4, 4},    {4, 0, 4},
                        {31, 15, 385}};
  detail::use_blas();
  for (bool blas : {true, false})
    for (auto [m, n, k] : sizes)
      for (Transpose ta : {Transpose::no, Transpose::yes})
        for (Transpose tb : {Transpose::no, Transpose::yes})
          for (double beta : {0.0, 1.0, -0.5}) {
            const bool at = ta == Transpose::yes, bt = tb == Transpose::yes;
            const int lda = (at ? m : k) + 3, ldb = (bt ? k : n) + 1, ldc = n + 2;
            Field<T> A(1, 1, at ? k : m, lda, Layout::misaligned, 1);
            Field<T> B(1, 1, bt ? n : k, ldb, Layout::misaligned, 2);
            Field<T> C(1, 1, m, ldc, Layout::misaligned, 3), before = C;
            T* c = C.view().data;
            if (beta == 0) C.fill(std::numeric_limits<T>::quiet_NaN());
            gemm_with(blas, Context<Cpu>{2}, ta, tb, m, n, k, T(0.5), A.view().data, lda,
                      B.view().data, ldb, static_cast<T>(beta), c, ldc);
            for (int i = 0; i < m; ++i)
              for (int j = 0; j < n; ++j) {
                double sum = 0, size = 1;
                for (int p = 0; p < k; ++p) {
                  const double a = static_cast<double>(at ? A.at(p, i) : A.at(i, p));
                  const double b = static_cast<double>(bt ? B.at(j, p) : B.at(p, j));
                  sum += a * b, size += std::fabs(a * b);
                }
                const double old = beta == 0 ? 0 : beta * static_cast<double>(before.at(i, j));
                const double error = static_cast<double>(C.at(i, j)) - (0.5 * sum + old);
                const double eps = std::numeric_limits<T>::epsilon();
                REQUIRE(std::fabs(error) <= 4 * eps * (size + std::fabs(old)));
              }
            if (beta != 0 && m > 0) CHECK(C.at(m - 1, n) == before.at(m - 1, n));
            CHECK(C.intact());
          }
}

TEST_CASE_TEMPLATE("gemm: any number of threads gives the same bits", T, float, double) {
  const int m = 500, n = 450, k = 300;
  Field<T> A(1, 1, m, k, Layout::contiguous, 1), B(1, 1, n, k, Layout::contiguous, 2);
  for (bool blas : {true, false}) {
    std::vector<T> first;
    for (int threads : thread_counts) {
      Field<T> C(1, 1, m, n, Layout::contiguous, 3);
      gemm_with(blas, Context<Cpu>{threads}, Transpose::no, Transpose::yes, m, n, k, T(1),
                A.view().data, k, B.view().data, k, T(1), C.view().data, n);
      if (threads == 1) first = C.memory();
      CHECK(same_bits(first, C.memory()));
    }
  }
  Field<T> C(1, 1, m, n);
  const T* a = A.view().data;
  gemm(Context<Cpu>::all_cores(), Transpose::no, Transpose::yes, m, n, k, 1, a, k, a, k, 0,
       C.view().data, n);
  CHECK(std::isfinite(C.at(0, 0)));
}
