"""Check identities: true ones are proved, false ones are refuted by a world one can follow by hand."""

import elbowroom as er
from elbowroom import KL, E, log

x, z = er.variables("x z")
p, q = er.laws("p q")

# The decomposition on which variational inference rests.
elbo = E(q(z | x))[log(p(x, z) / q(z | x))]
verdict = er.check(log(p(x)), elbo + KL(q(z | x), p(z | x)))
print(verdict)

# The same in the notation of the command line.
print(er.check("E_q(z|x)[log p(x,z)/q(z|x)] = E_q(z|x)[log p(x|z)] - KL(q(z|x) || p(z))"))

# A slip that is easily made: the ELBO is not minus the divergence to the prior.
slip = er.check(elbo, -KL(q(z | x), p(z)))
print(slip)
print("verdict:", slip.verdict, "| instances tried:", slip.instances)
