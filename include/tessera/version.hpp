// SPDX-License-Identifier: BSD-3-Clause
// The version, also read by CMake's version file.
#pragma once

#define TESSERA_VERSION_MAJOR 0
#define TESSERA_VERSION_MINOR 1
#define TESSERA_VERSION_PATCH 0
