"""A PyTorch module as a function that JAX can call, batch and differentiate; PyTorch does the work."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import equinox as eqx
import jax
import lazy_loader
import numpy as np
from jaxtyping import Array, Float

torch: Any = lazy_loader.load("torch")


class TorchModule(Protocol):
    """What is used of a `torch.nn.Module`."""

    @property
    def training(self) -> bool: ...

    def __call__(self, rows: Any, /) -> Any: ...

    def parameters(self) -> Any: ...


class TorchNetwork(eqx.Module):
    r"""One row in, one row out: $f: \mathbb{R}^\text{inputs} \to \mathbb{R}^\text{outputs}$, computed by `module`.

    The module sees a batch `(rows, inputs)` of its own type, on its own device; `vmap` over any axes becomes that
    batch. Reverse-mode gradients come from PyTorch's autograd, with regard to the row only; the module's weights are
    read at every call and never touched. The result has the precision of the row that was given, though no more digits
    than the module's.

    **Validity.** The module has to be a deterministic function of each row by itself: in evaluation mode, without
    dropout or batch statistics. Forward-mode derivatives are not available.

    **Cost.** A gradient takes one forward pass for the value and one forward and backward pass when it is pulled back;
    a call goes through the host, which counts where batches are small.
    """

    module: TorchModule = eqx.field(static=True)
    outputs: int = eqx.field(static=True)

    def __call__(self, row: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        return _call(self.module, self.outputs, row)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _call(module: TorchModule, outputs: int, row: Array) -> Array:
    return _on_host(partial(_forward, module), jax.ShapeDtypeStruct((outputs,), row.dtype), row)


def _call_and_keep(module: TorchModule, outputs: int, row: Array) -> tuple[Array, Array]:
    return _call(module, outputs, row), row


def _pull_back(module: TorchModule, outputs: int, row: Array, cotangent: Array) -> tuple[Array]:
    shape = jax.ShapeDtypeStruct(row.shape, row.dtype)
    return (_on_host(partial(_backward, module), shape, row, cotangent),)


_call.defvjp(_call_and_keep, _pull_back)


def _on_host(function: Callable[..., np.ndarray], result: jax.ShapeDtypeStruct, *rows: Array) -> Array:
    return jax.pure_callback(function, result, *rows, vmap_method="broadcast_all")


def _forward(module: TorchModule, rows: Array) -> np.ndarray:
    with torch.no_grad():
        return _as_array(module(_as_batch(module, rows)), rows)


def _backward(module: TorchModule, rows: Array, cotangents: Array) -> np.ndarray:
    batch = _as_batch(module, rows).requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(module(batch), batch, _as_batch(module, cotangents))
    return _as_array(gradient, rows)


def _as_batch(module: TorchModule, rows: Array) -> Any:
    """The rows, with all axes but the last made one, as a tensor of the module's type and on its device."""
    flat = np.array(rows).reshape(-1, rows.shape[-1])
    weight = next(iter(module.parameters()), None)
    return torch.from_numpy(flat) if weight is None else torch.from_numpy(flat).to(weight.device, weight.dtype)


def _as_array(batch: Any, like: Array) -> np.ndarray:
    return batch.detach().cpu().numpy().astype(like.dtype).reshape(*like.shape[:-1], batch.shape[-1])
