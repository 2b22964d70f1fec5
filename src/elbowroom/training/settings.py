"""How a model is trained: the objective in words, and the settings of the optimisation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from elbowroom.training.sections import require


@dataclass(frozen=True)
class ObjectiveSettings:
    """Which functional is maximised, and how it is estimated.

    **Symbols.** `formula` is a preset's name (`elbo`, ...) or a formula of the language in p, q, x and z; `parameters`
    gives its real parameters their values, such as beta; `samples` is the number of draws from q(z | x) for each datum
    and step; `gradient` names the gradient estimator.

    **Raises.** `InputError` naming the setting and its value.
    """

    formula: str = "elbo"
    parameters: Mapping[str, float] = field(default_factory=dict)
    samples: int = 1
    gradient: str = "pathwise"

    def __post_init__(self) -> None:
        require(bool(self.formula.strip()), "objective.formula", self.formula, "a formula or the name of a preset")
        require(self.samples >= 1, "objective.samples", self.samples, "at least 1")


@dataclass(frozen=True)
class TrainSettings:
    """The settings of the optimisation.

    **Symbols.** `batch` data enter each step; `epochs` is how often every datum is visited; `learning_rate` is Adam's;
    `seed` fixes the initial weights, the order of the data and every draw; training stops early after `patience` epochs
    without a better validation ELBO (0: never); `evaluation_samples` is the number of draws for each datum when the
    ELBO is reported; `chunk_steps` is the largest number of steps in one compiled call; a checkpoint is written at most
    every `checkpoint_seconds`.

    **Raises.** `InputError` naming the setting and its value.
    """

    batch: int = 128
    epochs: int = 200
    learning_rate: float = 1e-3
    seed: int = 0
    patience: int = 20
    evaluation_samples: int = 1
    chunk_steps: int = 100
    checkpoint_seconds: float = 5.0

    def __post_init__(self) -> None:
        for name in ("batch", "epochs", "evaluation_samples", "chunk_steps"):
            value = getattr(self, name)
            require(value >= 1, f"training.{name}", value, "at least 1")
        require(self.learning_rate > 0, "training.learning_rate", self.learning_rate, "positive")
        require(0 <= self.seed < 2**32, "training.seed", self.seed, "between 0 and 4294967295")
        require(self.patience >= 0, "training.patience", self.patience, "0 (never stop early) or more")
        require(self.checkpoint_seconds >= 0, "training.checkpoint_seconds", self.checkpoint_seconds, "0 or more")
