// SPDX-License-Identifier: BSD-3-Clause
// bilstm: which pixels depend on which, in either reading of the image. Values: tests/parity.
#include <tessera/models/bilstm.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

/// Which output elements change with pixel (3, 4) of channel 0 of the first image.
template <class Net>
std::vector<bool> touched() {
  Model<Net> model(Seed{3});
  auto pass = model.pass({.batch = 2, .mode = Mode::evaluate});
  const auto before = forward(pass), after = forward(pass, 1, 0.5f);
  std::vector<bool> changed;
  for (std::size_t k = 0; k < before.size(); ++k) changed.push_back(before[k] != after[k]);
  return changed;
}
std::size_t at(int n, int h, int w, int c) {
  return static_cast<std::size_t>(((n * 256 + h) * 256 + w) * 3 + c);
}

}  // namespace

TEST_CASE(
    "a channel is a sequence of rows: a pixel reaches rows above and below, no other channel") {
  const auto changed = touched<models::BiLstm>();
  int rows = 0, foreign = 0;
  for (int h = 0; h < 256; ++h) {
    bool any = false;
    for (int w = 0; w < 256; ++w) {
      any |= changed[at(0, h, w, 0)];
      foreign += changed[at(0, h, w, 1)] + changed[at(0, h, w, 2)] + changed[at(1, h, w, 0)];
    }
    rows += any;
    if (h <= 6) CHECK(any);
  }
  CHECK(rows >= 7);  // the effect fades below what a float holds
  CHECK(foreign == 0);
}

TEST_CASE(
    "a row is a sequence of channels: a pixel reaches its row in all channels, no other row") {
  const auto changed = touched<models::BiLstmChannels>();
  int here = 0, foreign = 0;
  for (int h = 0; h < 256; ++h)
    for (int w = 0; w < 256; ++w)
      for (int c = 0; c < 3; ++c) {
        (h == 3 ? here : foreign) += changed[at(0, h, w, c)];
        foreign += changed[at(1, h, w, c)];
      }
  CHECK(here > 700);  // of 768
  CHECK(foreign == 0);
}

TEST_CASE("everything of the LSTM begins as U(-1/sqrt(128), 1/sqrt(128))") {
  const Model<models::BiLstm> model(Seed{3});
  for (const char* name : {"lstm.weight_ih_l0", "lstm.weight_hh_l1_reverse", "lstm.bias_hh_l0"})
    expect_uniform(model, name, 1 / std::sqrt(128.0));
  expect_uniform(model, "fc.weight", 1 / 16.0);
}
