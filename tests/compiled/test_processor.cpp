// SPDX-License-Identifier: BSD-3-Clause
// Which kernels the compiled library chooses.
#include <tessera/compiled/processor.hpp>
#include <tessera/version.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace tessera;

TEST_CASE("the widest kernels that the processor has, or those that the environment allows") {
  using detail::allowed_processor;
  CHECK(allowed_processor(Processor::v4, nullptr) == Processor::v4);
  CHECK(allowed_processor(Processor::v3, "") == Processor::v3);
  CHECK(allowed_processor(Processor::v4, "x86-64-v2") == Processor::v2);
  CHECK(allowed_processor(Processor::v4, "x86-64-v3") == Processor::v3);
  CHECK(allowed_processor(Processor::v3, "x86-64-v4") == Processor::v3);  // no more than there is
  CHECK(allowed_processor(Processor::only, "anything") == Processor::only);
  CHECK(processor() == processor());
}

TEST_CASE("an unknown TESSERA_MAX_ARCH is one sentence") {
  for (const char* value : {"avx2", "x86-64-v5", "x86-64-v33", "X86-64-v3", "3"}) {
    CAPTURE(value);
    CHECK_THROWS_WITH_AS(detail::allowed_processor(Processor::v4, value),
                         (std::string("TESSERA_MAX_ARCH: expected x86-64-v2, x86-64-v3 or "
                                      "x86-64-v4, got \"") +
                          value + "\"")
                             .c_str(),
                         ArgumentError);
  }
}
