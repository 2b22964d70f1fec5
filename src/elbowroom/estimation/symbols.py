"""The symbols of the objectives of a latent-variable model: an observed x, a latent z, laws p and q."""

from elbowroom.functional.law import laws, variables

x, z = variables("x z")
p, q = laws("p q")
