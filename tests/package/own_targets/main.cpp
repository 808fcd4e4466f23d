// SPDX-License-Identifier: BSD-3-Clause
// Enough of the library to see that its folder is found.
#include <tessera/tensor/shape.hpp>
int main() { return tessera::Shape{1, 2, 3}.size() == 6 ? 0 : 1; }
