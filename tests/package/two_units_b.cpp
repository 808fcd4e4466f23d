// SPDX-License-Identifier: BSD-3-Clause
#include <tessera/data/image.hpp>
#include <tessera/data/image_writer.hpp>
#include <tessera/network/weights.hpp>
#include <tessera/tessera.hpp>

tessera::Shape other_unit();
tessera::Shape other_unit() { return {32, 32, 3}; }
