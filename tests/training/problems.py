"""Small problems on which training takes milliseconds."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax

from elbowroom.data.dataset import Dataset
from elbowroom.data.preparation import Preparation
from elbowroom.estimation.objective import Objective
from elbowroom.estimation.objectives import beta_elbo, elbo
from elbowroom.models.settings import ModelSettings, build_model
from elbowroom.training.chunk import make_counted_chunk
from elbowroom.training.evaluation import make_block, make_evaluation
from elbowroom.training.keys import key_for
from elbowroom.training.position import LoopState, Position
from elbowroom.training.settings import TrainSettings
from elbowroom.training.step import make_step
from elbowroom.training.task import Task
from elbowroom.training.terms import make_terms
from elbowroom.training.train import dataset_of

OBSERVED = 6


def bits(count: int = 60) -> Dataset:
    """Binary data in which each row repeats one of two patterns, with a tenth of its bits turned over."""
    generator = np.random.default_rng(3)
    patterns = np.array([[1, 1, 1, 0, 0, 0], [0, 1, 0, 1, 0, 1]])
    rows = patterns[generator.integers(0, 2, count)] ^ (generator.random((count, OBSERVED)) < 0.1)
    return dataset_of(rows.astype(np.uint8))


def reals(count: int = 60) -> Dataset:
    """Real data on a noisy line."""
    generator = np.random.default_rng(4)
    along = generator.normal(size=(count, 1))
    return dataset_of((along * np.arange(1, 4) + 0.3 * generator.normal(size=(count, 3))).astype(np.float32))


def model_of(likelihood: str, observed: int, seed: int = 0):
    """A model with one hidden layer of four."""
    settings = ModelSettings(latent=2, hidden=(4,), likelihood=likelihood)
    return build_model(settings, observed, key=jr.key(seed))


OPTIMISERS = {
    "adam": optax.adam(1e-3),
    "fast": optax.adam(1e-2),
    "wild": optax.adam(0.5),
    "frozen": optax.set_to_zero(),
    "poison": optax.stateless(lambda updates, _: jax.tree.map(lambda one: one * jnp.nan, updates)),
}


@functools.cache
def _compiled(optimiser: str, beta: float):
    """What is compiled for the binary data, once for all tests."""
    parameters, static = eqx.partition(model_of("bernoulli", OBSERVED), eqx.is_inexact_array)
    objective = Objective(elbo()) if beta == 1.0 else beta_elbo(beta)
    stepper = make_step(objective, OPTIMISERS[optimiser], Preparation("none", 1).prepare, static)
    terms = make_terms(static, Preparation("none", 1).prepare)
    return parameters, stepper, make_counted_chunk(stepper.step), make_block(static, 1), terms


def task_of(settings: TrainSettings, optimiser: str = "adam", beta: float = 1.0) -> tuple[Task, LoopState]:
    """The task of training a small model on `bits`, put together by hand, and the state it begins in."""
    parameters, stepper, chunk, block, terms = _compiled(optimiser, beta)
    dataset = bits()
    x = Preparation("none", 1).prepare_fixed(dataset.validation.rows, seed=0, split="validation")
    task = Task(
        rows=jnp.asarray(dataset.train.rows),
        stepper=stepper,
        chunk=chunk,
        validation=make_evaluation(block, x, key_for(settings.seed, "evaluation")),
        terms=terms,
        settings=settings,
    )
    train = stepper.init(parameters, key_for(settings.seed, "training"))
    return task, LoopState(train, parameters, Position())
