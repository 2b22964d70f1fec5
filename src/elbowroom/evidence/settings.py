"""What a certificate costs and how tight it is, decided before the first draw."""

from dataclasses import dataclass
from typing import Literal

from elbowroom.errors import InputError
from elbowroom.evidence.plan import AnnealingPlan, Spacing, Start


@dataclass(frozen=True)
class CertifySettings:
    """Every choice of `certify`; none of them depends on a result, which is what keeps the bounds strict.

    `samples`: draws per datum from the encoder's q, for the ELBO, the importance-weighted bound and k-hat;
    `refined_samples`: the same from the refined q. `refine_steps`, `refine_draws`, `refine_rate`: Adam on the
    diagonal Gaussian of each datum. `covariance_steps`: Newton steps to a Gaussian with every correlation, up to 128
    latents; 0 leaves it out. `flow_steps`, `flow_draws`, `flow_rate`: Adam on a planar flow of eight layers from
    there, to see what a family beyond the normals would win; 0 steps leave it out, and 600 will often do. `start`,
    `spacing`, `temperatures`, `leapfrog`, `chains`, `pilot_moves`, `pilot_chains`, `target_acceptance`,
    `continuation`: see `AnnealingPlan`. `groups_wanted`: with few data more chains are run, until data times groups
    reach this number, since the slack is divided by it. `upper`: whether to bound the evidence from above.
    `simulated`: whether to certify as many data simulated from the model. `route`: `auto` takes closed forms where
    there are any, `sampling` never does. `memory_mib`: budget for the arrays of one chunk of data.

    **Why these.** On a Bernoulli model of MNIST (784-200-200-50), at about 790 gradients per chain, forward and
    reverse estimates lay 0.23 nats apart with 50 temperatures of 4 leapfrog steps and 0.07 with 100 of 2: in units of
    q*, 4 steps of 0.75 are a trajectory of length 3, near the pi at which Hamiltonian motion in a Gaussian arrives at
    the mirror image of its start. 300 steps with one antithetic pair fit q* as well (0.03 nats) as 200 with eight
    pairs.
    """

    samples: int = 1000
    refined_samples: int = 250
    refine_steps: int = 300
    refine_draws: int = 2
    refine_rate: float = 0.1
    covariance_steps: int = 6
    flow_steps: int = 0
    flow_draws: int = 8
    flow_rate: float = 0.05
    start: Start = "full"
    spacing: Spacing = "linear"
    temperatures: int = 64
    leapfrog: int = 2
    chains: int = 4
    groups_wanted: int = 64
    pilot_moves: int = 20
    pilot_chains: int = 2
    target_acceptance: float = 0.725
    continuation: int = 10
    mutual_information_draws: int = 8
    upper: bool = True
    simulated: bool = True
    route: Literal["auto", "sampling"] = "auto"
    memory_mib: int = 128

    def __post_init__(self):
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise InputError(f"The setting `{name}` is {getattr(self, name)}; it must be at least {least}.")
        for name in ("refine_draws", "flow_draws"):
            if getattr(self, name) % 2:
                raise InputError(
                    f"The setting `{name}` is {getattr(self, name)}; draws come in antithetic pairs, so it must be "
                    "even."
                )
        if not 0.0 < self.target_acceptance < 1.0:
            raise InputError(
                f"The setting `target_acceptance` is {self.target_acceptance}; it must lie between 0 and 1 (0.65 to "
                "0.8)."
            )

    @property
    def plan(self) -> AnnealingPlan:
        return AnnealingPlan(
            start=self.start,
            spacing=self.spacing,
            temperatures=self.temperatures,
            leapfrog=self.leapfrog,
            chains=self.chains,
            pilot_moves=self.pilot_moves,
            pilot_chains=self.pilot_chains,
            target_acceptance=self.target_acceptance,
            continuation=self.continuation,
        )


_LEAST = {
    "samples": 1,
    "refined_samples": 1,
    "refine_steps": 0,
    "refine_draws": 2,
    "covariance_steps": 0,
    "flow_steps": 0,
    "flow_draws": 2,
    "temperatures": 2,
    "leapfrog": 1,
    "chains": 1,
    "groups_wanted": 1,
    "pilot_moves": 2,
    "pilot_chains": 1,
    "continuation": 0,
    "mutual_information_draws": 1,
    "memory_mib": 1,
}
