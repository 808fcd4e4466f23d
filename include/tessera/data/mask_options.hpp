// SPDX-License-Identifier: BSD-3-Clause
// How a mask image is read. The programs have the same options: --invert, --mask-alpha,
// --threshold.
#pragma once

namespace tessera {

/// By default a pixel is a hole where its Rec. 601 luma is at least half of the range, which is 128
/// of 255; alpha plays no part.
struct MaskOptions {
  bool invert = false;  // what would be known is the hole, and the reverse
  bool alpha = false;   // transparent pixels are the hole: largest - alpha takes luma's place
  int threshold = 0;    // a hole from this sample of the image on, up to 255 or 65535; 0: half
};

}  // namespace tessera
