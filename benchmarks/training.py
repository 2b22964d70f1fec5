"""The training step of `er.elbo()` beside the same step written by hand, NumPyro's VAE example, and plain PyTorch.

One model everywhere: 784-200-200-50 and back, tanh, Bernoulli likelihood from logits, one draw, Adam at 1e-3, float32.
The data are random grey images, uint8, binarised anew at every visit: by the same function in all JAX programs (two
pixels share a random word), in PyTorch by its own generator. Each program runs many steps without returning to
Python where it can; PyTorch is eager, in memory, with the fused Adam.

    python benchmarks/training.py [--batch 20 128 512] [--repeats 15] [--steps N] [--clock wall|cpu] [--json FILE]

All programs run in turn within each repetition, so that a change in the load of the machine meets all of them. On a
busy machine, `taskset -c 0 python benchmarks/training.py --clock cpu` measures the CPU time of one core instead.
PyTorch is measured where it is installed. `pip install -e ".[bench]"` brings it, except on Linux, where the package of
PyPI carries the libraries of a GPU: `pip install torch --index-url https://download.pytorch.org/whl/cpu` does not.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import numpyro
import numpyro.distributions as dist
import optax
from jax.example_libraries import stax
from numpyro.infer import SVI, Trace_ELBO

from elbowroom.data.preparation import Preparation
from elbowroom.estimation.objective import Objective
from elbowroom.estimation.objectives import elbo
from elbowroom.models.settings import ModelSettings, build_model
from elbowroom.training.adam import adam
from elbowroom.training.chunk import make_counted_chunk
from elbowroom.training.step import make_step

try:
    import torch
except ImportError:
    torch = None

OBSERVED, HIDDEN, LATENT, ROWS = 784, 200, 50, 10_000
Run = Callable[[], None]


def ours(rows, indices, batch):
    """The compiled chunk that `elbowroom.train` runs."""
    model = build_model(ModelSettings("bernoulli", LATENT, (HIDDEN, HIDDEN), "tanh"), OBSERVED, jr.key(0))
    parameters, static = eqx.partition(model, eqx.is_inexact_array)
    stepper = make_step(Objective(elbo()), adam(1e-3), Preparation("dynamic", 255).prepare, static)
    chunk = make_counted_chunk(stepper.step)
    state, count = stepper.init(parameters, jr.key(1)), jnp.asarray(len(indices), jnp.int32)

    def run() -> None:
        jax.block_until_ready(chunk(state, rows, indices, count))

    return run


def perceptron(parameters, x):
    for weight, bias in parameters[:-1]:
        x = jnp.tanh(x @ weight + bias)
    weight, bias = parameters[-1]
    return x @ weight + bias


def glorot(key, sizes):
    shapes = list(pairwise(sizes))
    keys = jr.split(key, len(shapes))
    return [(jax.nn.initializers.glorot_uniform()(k, s), jnp.zeros(s[1])) for k, s in zip(keys, shapes, strict=True)]


def by_hand(rows, indices, batch):
    """The same step in plain JAX and Optax, with the batch as one array, as one would write it."""
    prepare = Preparation("dynamic", 255).prepare
    down, up = (OBSERVED, HIDDEN, HIDDEN, 2 * LATENT), (LATENT, HIDDEN, HIDDEN, OBSERVED)
    parameters = (glorot(jr.key(0), down), glorot(jr.key(1), up))
    optimiser = optax.adam(1e-3)

    def loss(parameters, x, key):
        encoder, decoder = parameters
        mean, raw = jnp.split(perceptron(encoder, x), 2, axis=-1)
        scale = jax.nn.softplus(raw)
        z = mean + scale * jr.normal(key, mean.shape)
        logits = perceptron(decoder, z)
        log_likelihood = jnp.sum(x * logits - jax.nn.softplus(logits), axis=-1)
        divergence = 0.5 * jnp.sum(scale**2 + mean**2 - 1 - 2 * jnp.log(scale), axis=-1)
        return -jnp.mean(log_likelihood - divergence)

    def step(carry, batch):
        parameters, state, key = carry
        key, key_data, key_draws = jr.split(key, 3)
        value, gradient = jax.value_and_grad(loss)(parameters, prepare(rows[batch], key_data), key_draws)
        updates, state = optimiser.update(gradient, state)
        return (optax.apply_updates(parameters, updates), state, key), -value

    chunk = jax.jit(partial(jax.lax.scan, step))
    start = (parameters, optimiser.init(parameters), jr.key(1))

    def run() -> None:
        jax.block_until_ready(chunk(start, indices))

    return run


def with_numpyro(rows, indices, batch):
    """NumPyro's `examples/vae.py`: `svi.update` in a jitted `fori_loop`, with networks of our sizes and activation."""
    prepare = Preparation("dynamic", 255).prepare

    def encoder():
        layers = [stax.Dense(HIDDEN), stax.Tanh, stax.Dense(HIDDEN), stax.Tanh, stax.FanOut(2)]
        return stax.serial(*layers, stax.parallel(stax.Dense(LATENT), stax.serial(stax.Dense(LATENT), stax.Softplus)))

    def decoder():
        return stax.serial(stax.Dense(HIDDEN), stax.Tanh, stax.Dense(HIDDEN), stax.Tanh, stax.Dense(OBSERVED))

    def model(x):
        decode = numpyro.module("decoder", decoder(), (batch, LATENT))
        with numpyro.plate("batch", batch):
            z = numpyro.sample("z", dist.Normal(0, 1).expand([LATENT]).to_event(1))
            return numpyro.sample("x", dist.Bernoulli(logits=decode(z)).to_event(1), obs=x)

    def guide(x):
        encode = numpyro.module("encoder", encoder(), (batch, OBSERVED))
        mean, scale = encode(x)
        with numpyro.plate("batch", batch):
            return numpyro.sample("z", dist.Normal(mean, scale).to_event(1))

    svi = SVI(model, guide, numpyro.optim.Adam(1e-3), Trace_ELBO())
    state = svi.init(jr.key(0), jnp.zeros((batch, OBSERVED)))

    @jax.jit
    def epoch(state, key):
        def body(i, carry):
            total, state = carry
            state, loss = svi.update(state, prepare(rows[indices[i]], jr.fold_in(key, i)))
            return total + loss, state

        return jax.lax.fori_loop(0, len(indices), body, (0.0, state))

    def run() -> None:
        jax.block_until_ready(epoch(state, jr.key(1)))

    return run


def products(rows, indices, batch):
    """The matrix products of the step alone, in the same loop: one per layer forward, two backward (first: one)."""
    sizes = [(OBSERVED, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, HIDDEN)]
    sizes.append((HIDDEN, OBSERVED))
    keys = jr.split(jr.key(0), 2 * len(sizes) + 1)
    weights = [jr.normal(k, s) for k, s in zip(keys, sizes, strict=False)]
    inputs = [jr.normal(k, (batch, s[0])) for k, s in zip(keys[6:], sizes, strict=False)]
    errors = [jr.normal(k, (batch, s[1])) for k, s in zip(keys[6:], sizes, strict=False)]

    def step(carry, _):
        small = 1e-20 * carry
        total = 0.0
        for number, (w, a, d) in enumerate(zip(weights, inputs, errors, strict=True)):
            made = [a.at[0, 0].add(small) @ w, a.T @ d.at[0, 0].add(small)]
            if number:
                made.append(d.at[0, 0].add(small) @ w.T)
            total = total + sum(jax.lax.optimization_barrier(one)[0, 0] for one in made)
        return total, None

    chunk = jax.jit(partial(jax.lax.scan, step))

    def run() -> None:
        jax.block_until_ready(chunk(jnp.zeros(()), indices[:, 0]))

    return run


def with_torch(rows, indices, batch):
    """Plain PyTorch: tensors in memory, eager, fused Adam."""
    assert torch is not None
    torch.manual_seed(0)
    grey = torch.from_numpy(np.array(rows)).to(torch.float32) / 255
    order = torch.from_numpy(np.array(indices)).long()
    nn = torch.nn
    encoder = nn.Sequential(
        nn.Linear(OBSERVED, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 2 * LATENT)
    )
    decoder = nn.Sequential(
        nn.Linear(LATENT, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, OBSERVED)
    )
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3, fused=True)

    def run() -> None:
        for chosen in order:
            x = torch.bernoulli(grey[chosen])
            mean, raw = encoder(x).chunk(2, dim=-1)
            scale = nn.functional.softplus(raw)
            z = mean + scale * torch.randn_like(mean)
            reconstruction = nn.functional.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum")
            divergence = 0.5 * (scale**2 + mean**2 - 1 - 2 * scale.log()).sum()
            loss = (reconstruction + divergence) / len(x)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

    return run


PROGRAMS = {"elbowroom": ours, "by hand": by_hand, "NumPyro": with_numpyro, "PyTorch": with_torch, "products": products}
if torch is None:
    del PROGRAMS["PyTorch"]


def measure(
    batch: int, steps: int, repeats: int, names: list[str], clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds per step of each program, one number per repetition, the programs taking turns."""
    generator = np.random.default_rng(0)
    rows = jnp.asarray(generator.integers(0, 256, (ROWS, OBSERVED), dtype=np.uint8))
    indices = jnp.asarray(generator.integers(0, ROWS, (steps, batch), dtype=np.int32))
    runs = {name: PROGRAMS[name](rows, indices, batch) for name in names}
    for run in runs.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        for name, run in runs.items():
            begun = clock()
            run()
            seconds[name].append((clock() - begun) / steps)
    return seconds


def table(batch: int, seconds: dict[str, list[float]]) -> str:
    """Milliseconds per step, and how many times as long each program takes as ours."""
    own = seconds["elbowroom"]
    lines = [f"batch {batch:>9}  min ms  median ms   x ours (min)  x ours (median)"]
    for name, values in seconds.items():
        fast, middle = min(values), statistics.median(values)
        ratio = statistics.median(v / o for v, o in zip(values, own, strict=True))
        lines.append(f"{name:>15}  {1e3 * fast:6.3f}  {1e3 * middle:9.3f}  {fast / min(own):13.3f}  {ratio:15.3f}")
    if "products" in seconds:
        lines.append(f"share of the matrix-product limit: {min(seconds['products']) / min(own):.0%}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--batch", type=int, nargs="+", default=[20, 128, 512])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--steps", type=int, help="steps per repetition (default: 12000 / batch, at least 50)")
    parser.add_argument("--only", nargs="+", choices=list(PROGRAMS), default=list(PROGRAMS))
    parser.add_argument("--json", help="write all times here as well")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    arguments = parser.parse_args()
    clock = time.perf_counter if arguments.clock == "wall" else time.process_time
    versions = {"python": platform.python_version(), "jax": jax.__version__, "numpyro": numpyro.__version__}
    versions |= {
        "torch": "not installed" if torch is None else torch.__version__,
        "device": str(jax.devices()[0]),
        "cores": str(len(os.sched_getaffinity(0))),
    }
    print(versions, file=sys.stderr)
    found = {}
    for batch in arguments.batch:
        steps = arguments.steps or max(50, 12_000 // batch)
        names = ["elbowroom", *(name for name in arguments.only if name != "elbowroom")]
        found[batch] = measure(batch, steps, arguments.repeats, names, clock)
        print(table(batch, found[batch]), flush=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"versions": versions, "seconds_per_step": found}, file)


if __name__ == "__main__":
    main()
