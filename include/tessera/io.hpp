// SPDX-License-Identifier: BSD-3-Clause
// Files: read within their size, written whole or not at all; safetensors, JSON.
#pragma once
#include <tessera/io/file.hpp>
#include <tessera/io/json.hpp>
#include <tessera/io/kind_of_file.hpp>
#include <tessera/io/number_text.hpp>
#include <tessera/io/safetensors.hpp>
#include <tessera/io/status_line.hpp>
#include <tessera/io/tensor_numbers.hpp>
