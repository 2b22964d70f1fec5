"""The random keys of a run: each purpose has its own, and all follow from the seed."""

import jax.random as jr
from jaxtyping import PRNGKeyArray

_PURPOSES = ("initial weights", "training", "binarised train", "binarised validation", "binarised test", "evaluation")


def key_for(seed: int, purpose: str) -> PRNGKeyArray:
    """The key of one of the purposes of a run; a pure function of its arguments."""
    return jr.fold_in(jr.key(seed), _PURPOSES.index(purpose))
