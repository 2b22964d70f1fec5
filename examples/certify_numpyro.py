"""Certify a NumPyro guide: the eight schools, an AutoNormal guide, and which latent it serves worst."""

import jax.numpy as jnp
import jax.random as jr
import numpyro
import numpyro.distributions as dist
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal

import elbowroom as er

effects = jnp.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
errors = jnp.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


def model(y):
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    tau = numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("school", 8):
        standard = numpyro.sample("standard", dist.Normal(0, 1))
        numpyro.sample("y", dist.Normal(mu + tau * standard, errors), obs=y)


guide = AutoNormal(model)
svi = SVI(model, guide, numpyro.optim.Adam(0.02), Trace_ELBO(num_particles=4))
fit = svi.run(jr.key(0), 2000, effects, progress_bar=False)

# The guide has learned one data set, so the datum is that data set: one row.
x = effects[None, :]
posterior = er.from_numpyro(model, guide, fit.params, x)
room = er.certify(posterior, x, key=jr.key(1))
print(f"log p(y) between {room.log_evidence.lower.value:.2f} and {room.log_evidence.upper.value:.2f} nats")
print("\n".join(room.verdict))

print("the part of the gap that each latent carries, given the others:")
for latent in er.rank_latents(posterior, x, key=jr.key(2))[:3]:
    print(" ", latent)
