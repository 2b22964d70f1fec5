"""`train`: fit a model to data by maximising an objective, with or without a run folder."""

from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from elbowroom.data.contents import Found, check_contents
from elbowroom.data.dataset import Dataset, fingerprint
from elbowroom.data.preparation import Binarise
from elbowroom.data.splits import split_in_three
from elbowroom.estimation.objective import Objective
from elbowroom.estimation.objectives import elbo
from elbowroom.functional.expression import Expression
from elbowroom.models.vae import VAE
from elbowroom.training.config_file import begin, make_config
from elbowroom.training.fit import Fit, check_size, fit_model
from elbowroom.training.objective import describe_objective, make_objective
from elbowroom.training.position import last_step
from elbowroom.training.run_settings import RunSettings
from elbowroom.training.schedules import warn_of_long_schedules
from elbowroom.training.sections import write_section
from elbowroom.training.settings import TrainSettings
from elbowroom.training.start import initial_model, preparation_for


def train(
    model: VAE,
    data: Dataset | np.ndarray,
    objective: Expression | Objective | None = None,
    settings: TrainSettings | None = None,
    *,
    binarise: Binarise | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool | None = None,
) -> Fit:
    r"""Train `model` on `data`: stochastic gradient ascent on the mean of the objective over the data.

    $$\max_\theta \; \frac1N \sum_{n=1}^N J_\theta(x_n), \qquad \text{by default } J = \mathrm{ELBO}.$$

    **Symbols.** $J$ is `objective`, an expression of the language in p, q, x and z, or an `Objective` that also says
    how it is estimated; the $x_n$ are the training split of `data`, a `Dataset` or one array of shape `(datum, ...)`,
    which is split 70/15/15; $\theta$ are the arrays of real numbers in `model`. `binarise` says what becomes of grey
    pixels: by default they are binarised anew at every visit if the likelihood is Bernoulli.

    **Units.** Every reported ELBO has beta 1, whatever the objective, and is in nats per datum.

    **Reproducibility.** The same arguments give the same bits on the same machine. With `out`, a run that was killed
    at any moment and is resumed ends with the same bits as one that was not. `progress` is None where the terminal
    decides.

    **Raises.** `InputError` for data the likelihood cannot produce, fewer data than a batch, or a folder `out` that
    exists without `resume`; `Refused` when a value stops being finite. **Warns** of a schedule that is longer than
    training.
    """
    settings = TrainSettings() if settings is None else settings
    estimated = Objective.of(elbo() if objective is None else objective)
    dataset = data if isinstance(data, Dataset) else dataset_of(data)
    preparation = preparation_for(model, dataset, binarise)
    check_objective(estimated, model, dataset)
    check_size(dataset, settings)
    warn_of_long_schedules(estimated, last_step(settings.epochs, len(dataset.train), settings.batch))
    folder = None if out is None else Path(out)
    if folder is not None:
        tables = {
            "data": {"source": dataset.source},
            "model": None,
            "objective": write_section(describe_objective(estimated)),
            "training": write_section(settings),
        }
        resume = begin(folder, make_config(dataset, preparation, tables), resume)
    return fit_model(model, dataset, preparation, estimated, settings, folder=folder, resume=resume, shown=progress)


def train_run(
    settings: RunSettings, dataset: Dataset, folder: Path, *, resume: bool = False, progress: bool | None = None
) -> Fit:
    """Build the model that `settings` describe, and train it on `dataset` in a run folder: what `elbowroom train` does.

    **Arguments.** `settings` are complete, as `completed` makes them. Everything is checked before the folder is
    touched.

    **Raises.** As `train`.
    """
    check_size(dataset, settings.training)
    objective = make_objective(settings.objective)
    model = initial_model(settings, dataset)
    preparation = preparation_for(model, dataset, settings.data.binarise)
    check_objective(objective, model, dataset)
    resume = begin(folder, make_config(dataset, preparation, settings.to_json()), resume)
    return fit_model(
        model,
        dataset,
        preparation,
        objective,
        settings.training,
        name=settings.objective.formula,
        folder=folder,
        resume=resume,
        shown=progress,
    )


def check_objective(objective: Objective, model: VAE, dataset: Dataset) -> None:
    """Refuse an objective that `model` gives no value: a density that is not bound, a variable that is not there."""

    def value(model: VAE, x: Array, key: PRNGKeyArray) -> Array:
        return objective.estimate(model.bindings(), x, key=key)

    eqx.filter_eval_shape(value, model, jax.ShapeDtypeStruct((dataset.observed,), jnp.float32), jr.key(0))


def dataset_of(array: np.ndarray) -> Dataset:
    """One array of shape `(datum, ...)` as a data set in three splits, checked as a file would be."""
    contents = check_contents("the array", [Found("whole", np.asarray(array), "The array")])
    splits = split_in_three(contents.parts["whole"], "The array")
    return Dataset("array", "array", *splits, contents.event_shape, contents.levels, fingerprint(splits))
