"""Certify an encoder: first where everything is known in closed form, then where it has to be bounded."""

import jax.numpy as jnp
import jax.random as jr

import elbowroom as er

# A linear-Gaussian model, z ~ N(0, I), x | z ~ N(W z + b, 0.6^2 I), and an encoder N(A (x - b), 0.4^2 I).
weight = jnp.array([[1.2, 0.5], [0.4, -0.9], [-0.7, 1.1]])
centre = jnp.array([0.1, -0.2, 0.3])
model = er.VAE(
    prior=er.StandardNormalPrior(2),
    encoder=er.linear_gaussian_encoder(0.35 * weight.T, jnp.array([0.4, 0.4]), centre=centre),
    decoder=er.GaussianDecoder(er.linear_with(weight, centre), jnp.log(0.6)),
)
x = jnp.array([[0.1, -0.2, 0.3], [1.5, 0.3, -1.0], [-2.0, 1.0, 2.5]])

exact = er.certify(model, x, key=jr.key(0))
lower, upper = exact.gap.lower, exact.gap.upper
print(f"by closed forms: the gap is {lower.value:.6f} nats ({lower.kind.name.lower()})")

# The same certificate by sampling, as for a model without closed forms.
sampled = er.certify(model, x, key=jr.key(1), settings=er.CertifySettings(route="sampling"))
for name, end in (("at least", sampled.gap.lower), ("at most", sampled.gap.upper)):
    print(f"by sampling: {name} {end.value:.3f} nats ({end.kind.name.lower()})")
for sentence in sampled.verdict:
    print(" ", sentence)
