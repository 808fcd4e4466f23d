// SPDX-License-Identifier: BSD-3-Clause
// What a criterion of adversarial training is: a type with three calls on the pass of a
// discriminator, whose output are scores [N, H, W, C] of real or generated images.
//   real(pass, terms, weight)       the discriminator saw real images; reports "d_real"
//   fake(pass, terms, weight)       it saw generated images; reports "d_fake"
//   generator(pass, terms, weight)  it saw them, and the generator learns; reports "g_adversarial"
// Each adds weight * d loss / d scores to the pass's output gradient, unless the pass was made
// without gradients, and reports the unweighted loss. No truth takes part.
#pragma once
#include <tessera/kernels/target_loss.hpp>
#include <tessera/losses/loss.hpp>

namespace tessera {

/// A criterion: BceLoss, BceWithLogitsLoss, LsganLoss, HingeLoss, or a user's type with the same
/// calls.
template <class C>
concept AdversarialCriterion = requires(const C& criterion, Pass<Cpu, float>& pass,
                                        LossTerms& terms) {
  criterion.real(pass, terms, 1.0);
  criterion.fake(pass, terms, 1.0);
  criterion.generator(pass, terms, 1.0);
};

namespace detail {

/// Adds weight * d mean(f.error(y, t)) / dy to the output gradient and reports the mean; `targets` empty:
/// `target` for all elements.
template <class F, class Device, class T>
void target_loss(const F& f, std::type_identity_t<View<const T>> targets, double target,
                 std::string_view name, Pass<Device, T>& pass, LossTerms& terms, double weight) {
  const View<const T> y = pass.output();
  const double count = static_cast<double>(y.size());
  const auto sum = kernels::target_loss(
      pass.context(), f, y, targets, target, weight / count, pass.output_gradient(),
      loss_scratch(pass, kernels::target_loss_workspace(y.batch, y.shape())));
  terms.add(name, sum / count, weight);
}

/// The three calls where real and generated differ in the target alone, and the generator wants to
/// be taken for real.
template <class Function, int Real, int Fake>
struct TargetCriterion {
  template <class Device, class T>
  void real(Pass<Device, T>& pass, LossTerms& terms, double weight = 1) const {
    target_loss(Function{}, {}, Real, "d_real", pass, terms, weight);
  }
  template <class Device, class T>
  void fake(Pass<Device, T>& pass, LossTerms& terms, double weight = 1) const {
    target_loss(Function{}, {}, Fake, "d_fake", pass, terms, weight);
  }
  template <class Device, class T>
  void generator(Pass<Device, T>& pass, LossTerms& terms, double weight = 1) const {
    target_loss(Function{}, {}, Real, "g_adversarial", pass, terms, weight);
  }
};

}  // namespace detail
}  // namespace tessera
