// SPDX-License-Identifier: BSD-3-Clause
// Two translation units with the whole library link: nothing in it is defined twice.
#include <tessera/data/image.hpp>
#include <tessera/data/image_writer.hpp>
#include <tessera/network/weights.hpp>
#include <tessera/tessera.hpp>

tessera::Shape other_unit();

int main() { return other_unit() == tessera::Shape{32, 32, 3} ? 0 : 1; }
