"""Derive the optimum of three objectives by the calculus of variations, and read the steps."""

import elbowroom as er
from elbowroom import KL, E, Integral, log

x, z = er.variables("x z")
p, q = er.laws("p q")  # p is one joint law: p(z), p(x | z), p(z | x) and p(x) are its parts

# The divergence from the posterior: what variational inference makes small.
divergence = KL(q(z | x), p(z | x))
problem = er.Minimise(divergence, over=q(z | x), subject_to=[Integral(q(z | x), z) == 1])
derivation = er.derive(problem)
print(derivation)

# The ELBO has the same optimum, and its value there is the log evidence.
elbo = E(q(z | x))[log(p(x | z))] - KL(q(z | x), p(z))
optimum = er.derive(er.Maximise(elbo, over=q(z | x)))
print(f"\nThe ELBO is largest at q(z|x) = {optimum.optimum}, where it is {optimum.value}.")

# A weight on the KL term moves the optimum away from the posterior, and the derivation says where to.
beta_weighted = er.derive("beta*KL(q(z|x) || p(z)) - E_q(z|x)[log p(x|z)]")
print(f"\nThe beta-weighted ELBO is largest at q(z|x) proportional to {beta_weighted.unnormalised}.")
for step in beta_weighted.steps:
    checks = ", ".join(check.kind for check in step.checks if check.passed)
    print(f"  {step.rule}  [{checks}]")
