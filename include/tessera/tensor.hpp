// SPDX-License-Identifier: BSD-3-Clause
// Shapes, views, tensors, contexts, random numbers, errors.
#pragma once
#include <tessera/tensor/array_view.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/device.hpp>
#include <tessera/tensor/device_number.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/finite.hpp>
#include <tessera/tensor/finite_lanes.hpp>
#include <tessera/tensor/fnv1a.hpp>
#include <tessera/tensor/grow.hpp>
#include <tessera/tensor/memory.hpp>
#include <tessera/tensor/pointwise_functions.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/repeated.hpp>
#include <tessera/tensor/shape.hpp>
#include <tessera/tensor/shared.hpp>
#include <tessera/tensor/staging.hpp>
#include <tessera/tensor/tensor.hpp>
#include <tessera/tensor/text.hpp>
#include <tessera/tensor/text_names.hpp>
#include <tessera/tensor/transfer.hpp>
#include <tessera/tensor/view.hpp>
#include <tessera/tensor/xsimd.hpp>
#include <tessera/tensor/xtensor.hpp>
