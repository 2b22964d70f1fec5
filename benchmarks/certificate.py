"""A certificate beside annealed importance sampling from the prior, on one model of binarised MNIST, in one run.

The model is 784-200-200-50 and back (tanh, Bernoulli likelihood), trained here for a few epochs, or read from a run
folder. `certify` bounds log p(x) of N real and N simulated images from the refined q*, as it comes and with one long
chain for each datum. The published protocol leaves from the prior with a sigmoid schedule and 10 leapfrog steps; its
temperatures double until its width is not above that of the long chain on the same simulated images, or the next
doubling would not fit into the budget. The width is the mean over simulated images of the upper minus the lower
estimate of log p(x), before any slack. Seconds include compilation.

    python benchmarks/certificate.py [--data MNIST] [--run FOLDER] [--images 200] [--beside 16] [--budget 120]

Where the protocol does not arrive at our width, the ratio of gradients is a lower bound, and is printed as one.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import jax.random as jr
import numpy as np

from elbowroom.data.load import load_dataset
from elbowroom.data.preparation import Preparation
from elbowroom.evidence.certificate import Certificate
from elbowroom.evidence.certify import certify
from elbowroom.evidence.settings import CertifySettings
from elbowroom.models.settings import ModelSettings, build_model
from elbowroom.training.run_folder import load_run
from elbowroom.training.settings import TrainSettings
from elbowroom.training.train import train

SHARED = Path(os.environ.get("ELBOWROOM_SHARED", Path(__file__).parents[2] / "shared"))
FIRST_TEMPERATURES, GROWTH = 100, 2
KEY = 11
FOR_MANY = CertifySettings(chains=1, temperatures=256, covariance_steps=8, refine_steps=200)
"""As many gradients as `certify` takes by itself, in one long chain for each datum instead of four short ones."""


@dataclass(frozen=True)
class Reading:
    """One row of the table: gradients of the joint per datum, real and simulated data counted alike."""

    name: str
    images: int
    seconds: float
    width: float
    gradients: float

    def __str__(self) -> str:
        return f"| {self.name} | {self.images} | {self.seconds:.1f} | {self.width:.3f} | {self.gradients:,.0f} |"


def model_and_images(arguments: argparse.Namespace):
    """The trained model and the first test images, binarised once."""
    if arguments.run:
        run = load_run(arguments.run)
        rows, preparation, seed = run.dataset().test.rows, run.preparation, run.settings.training.seed
        return run.model, preparation.prepare_fixed(rows[: arguments.images], seed=seed)
    dataset = load_dataset(arguments.data)
    model = build_model(ModelSettings("bernoulli", 50, (200, 200), "tanh"), dataset.observed, jr.key(0))
    fit = train(model, dataset, settings=TrainSettings(epochs=arguments.epochs), progress=False)
    return fit.model, Preparation("dynamic", dataset.levels).prepare_fixed(
        dataset.test.rows[: arguments.images], seed=0
    )


def widths(certificate: Certificate) -> np.ndarray:
    """Upper minus lower estimate of log p(x) for each simulated image, in nats."""
    if certificate.simulated is None:
        raise RuntimeError("The certificate has no simulated block: `simulated` has to be set.")
    arrays = certificate.simulated.per_datum
    return arrays.log_evidence_upper - arrays.log_evidence_lower


def read(name: str, certificate: Certificate) -> Reading:
    images = certificate.real.n
    gradients = certificate.gradient_evaluations / (2 * images)
    return Reading(name, images, certificate.seconds, float(np.mean(widths(certificate))), gradients)


def from_the_prior(model, x, temperatures: int) -> Reading:
    """The published protocol; q is not refined, since the path does not start there."""
    settings = CertifySettings(
        start="prior", spacing="sigmoid", leapfrog=10, temperatures=temperatures, refine_steps=0, groups_wanted=1,
        samples=100, refined_samples=100, pilot_moves=max(100, temperatures // 4),
    )  # fmt: skip
    return read(f"from the prior, {temperatures} temperatures", certify(model, x, key=jr.key(KEY), settings=settings))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", default=str(SHARED / "data" / "mnist"), help="the folder of MNIST")
    parser.add_argument("--run", help="a run folder, instead of training here")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--beside", type=int, default=16, help="images annealed from the prior")
    parser.add_argument("--budget", type=float, default=120.0, help="seconds for annealing from the prior")
    arguments = parser.parse_args()
    model, x = model_and_images(arguments)
    print("| start | images | seconds | width, nats | gradients per datum |\n|---|---|---|---|---|")
    print(read("from q* (`certify`, as it comes)", certify(model, x, key=jr.key(KEY))), flush=True)
    certificate = certify(model, x, key=jr.key(KEY), settings=FOR_MANY)
    ours = read("from q*, one chain of 256 temperatures", certificate)
    print(ours, flush=True)
    # the same key simulates the same first images
    target = float(np.mean(widths(certificate)[: arguments.beside]))
    spent, temperatures = 0.0, FIRST_TEMPERATURES
    while True:
        theirs = from_the_prior(model, x[: arguments.beside], temperatures)
        print(theirs, flush=True)
        spent, temperatures = spent + theirs.seconds, GROWTH * temperatures
        if theirs.width <= target or spent + GROWTH * theirs.seconds > arguments.budget:
            break
    equal = theirs.width <= target
    print(f"our width on the same {len(x[: arguments.beside])} simulated images: {target:.3f} nats")
    print(f"gradients: {'' if equal else 'more than '}{theirs.gradients / ours.gradients:.1f} times ours")
    if not equal:
        print(f"(budget spent at {theirs.width / target:.1f} times our width)")


if __name__ == "__main__":
    main()
