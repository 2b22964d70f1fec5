"""From rows as they came to the x that a likelihood sees: binarised, scaled, or left alone."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Num, PRNGKeyArray, UInt32

from elbowroom.data.dataset import SPLITS

Binarise = Literal["dynamic", "threshold", "none"]
_FIXED = 0x656C626F  # sets the keys of fixed binarisation apart from all other keys of the same seed


@dataclass(frozen=True)
class Preparation:
    r"""How a row becomes x.

    **Fields.** `levels` is the value $L$ of a full pixel, or None for numbers that are used as they are. `binarise`:

    - `dynamic`: $x_j \sim \mathrm{Bernoulli}(v_j / L)$, drawn anew at every visit;
    - `threshold`: $x_j = 1$ if $v_j / L > 1/2$, else 0;
    - `none`: $x_j = v_j / L$, or $x_j = v_j$ where `levels` is None. A density of scaled pixels differs from that of
      the pixels themselves by the constant factor $L^D$: rescaling by $c$ moves $\log p(x)$ by exactly $-D \log c$,
      so numbers of runs with different `levels` cannot be compared as they stand.

    Both fields belong in the config of a run; `Preparation(**config)` restores it.
    """

    binarise: Binarise
    levels: int | None = None

    def prepare(self, rows: Num[Array, "*datum observed"], key: PRNGKeyArray) -> Float[Array, "*datum observed"]:
        r"""x as float32 on the device; `key` is used by dynamic binarisation only.

        **Precision.** A pixel is 1 with the probability $\mathrm{round}(2^{16} v / L) / 2^{16}$: exactly 0 and 1 for
        empty and full pixels, and within $2^{-17} < 10^{-5}$ of $v / L$ for all others, which moves the expected
        log-likelihood by less than $10^{-5}$ times the absolute log-odds for each grey pixel. Two pixels share one
        32-bit random word, which costs about 0.6 of a comparison with `jax.random.uniform`.

        **Validity.** Inside `jit`, `vmap` and `lax.scan`; for up to 65,536 levels. Values outside $[0, L]$ are not
        looked for here: `elbowroom.data.likeness` does that.
        """
        if self.binarise == "dynamic":
            return (_halves(rows.shape, key) < self._thresholds(rows)).astype(jnp.float32)
        scaled = rows.astype(jnp.float32)
        if self.binarise == "threshold":
            return (2.0 * scaled > self._full).astype(jnp.float32)
        return scaled if self.levels in (None, 1) else scaled / self._full

    def prepare_fixed(
        self, rows: Num[np.ndarray, "datum observed"], *, seed: int, split: str = "test", start: int = 0
    ) -> Float[Array, "datum observed"]:
        """x for evaluation: dynamic binarisation drawn once, so that every evaluation of a run sees the same x.

        The key of row i, counted from `start`, depends on `seed`, `split` and i alone: the first n rows get the same x
        whatever n is, and rows prepared in chunks get the x they get together.
        """
        base = jr.fold_in(jr.fold_in(jr.key(seed), _FIXED), SPLITS.index(split))
        keys = jax.vmap(jr.fold_in, (None, 0))(base, jnp.arange(start, start + rows.shape[0], dtype=jnp.uint32))
        return _prepare_each(self, jnp.asarray(rows), keys)

    @property
    def _full(self) -> float:
        return 1.0 if self.levels is None else float(self.levels)

    def _thresholds(self, rows: Num[Array, "*datum observed"]) -> UInt32[Array, "*datum observed"]:
        if not jnp.issubdtype(rows.dtype, jnp.integer):
            return jnp.round(rows.astype(jnp.float32) * (65536.0 / self._full)).astype(jnp.uint32)
        levels = 1 if self.levels is None else self.levels
        return (rows.astype(jnp.uint32) * jnp.uint32(65536) + jnp.uint32(levels // 2)) // jnp.uint32(levels)

    def to_text(self) -> str:
        """One sentence for people.

        >>> Preparation("dynamic", 255).to_text()
        'Pixels 0 to 255 are binarised anew at every visit: x = 1 with probability pixel / 255.'
        """
        if self.binarise == "dynamic":
            return (
                f"Pixels 0 to {self.levels} are binarised anew at every visit: x = 1 with probability pixel / "
                f"{self.levels}."
            )
        if self.binarise == "threshold":
            return f"Pixels 0 to {self.levels} are binarised at one half: x = 1 where pixel / {self.levels} > 0.5."
        if self.levels in (None, 1):
            return "Values are used as they are."
        return f"Pixels 0 to {self.levels} are scaled to [0, 1]: x = pixel / {self.levels}."


@partial(jax.jit, static_argnums=0)
def _prepare_each(preparation: Preparation, rows: Array, keys: PRNGKeyArray) -> Array:
    return jax.vmap(preparation.prepare)(rows, keys)


def _halves(shape: tuple[int, ...], key: PRNGKeyArray) -> UInt32[Array, "*datum observed"]:
    """Independent uniform integers from 0 to 65535, two from each random word."""
    words = jr.bits(key, (*shape[:-1], (shape[-1] + 1) // 2), jnp.uint32)
    halves = jnp.concatenate([words & jnp.uint32(0xFFFF), words >> jnp.uint32(16)], axis=-1)
    return halves[..., : shape[-1]]
