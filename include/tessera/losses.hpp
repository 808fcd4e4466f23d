// SPDX-License-Identifier: BSD-3-Clause
// Every loss, and what a loss of your own needs.
#pragma once
#include <tessera/losses/adversarial.hpp>
#include <tessera/losses/bce.hpp>
#include <tessera/losses/bce_with_logits.hpp>
#include <tessera/losses/charbonnier.hpp>
#include <tessera/losses/feature_loss.hpp>
#include <tessera/losses/hinge.hpp>
#include <tessera/losses/huber.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/loss.hpp>
#include <tessera/losses/loss_text.hpp>
#include <tessera/losses/loss_watch.hpp>
#include <tessera/losses/lsgan.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/losses/pconv_loss.hpp>
#include <tessera/losses/pixel_loss.hpp>
#include <tessera/losses/running_sum.hpp>
#include <tessera/losses/smooth_l1.hpp>
#include <tessera/losses/total_variation.hpp>
