// SPDX-License-Identifier: BSD-3-Clause
// bilstm against PyTorch's values.
#include <tessera/models/bilstm.hpp>

#include "parity.hpp"

TEST_CASE("bilstm equals PyTorch") {
  parity::expect_parity<tessera::models::BiLstm>("bilstm", "bilstm", {parity::unit_masked});
}
