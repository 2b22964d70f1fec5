"""log p(x) of test images by 5,000 importance samples, beside the same in plain PyTorch, on one trained run.

    elbowroom train DIR/mnist --epochs 10 --latent 50 --out RUN
    python benchmarks/importance.py RUN [--images 16] [--repeats 3]

Both run the same networks on the same images in float32, one decoder pass per sample; PyTorch in memory, in inference
mode, one image at a time with all its samples as one batch. Where pythae is installed (`pip install pythae`), its
`VAE.get_nll` is measured as well, as it comes, on its own networks with the same weights. Compilation is left out. The
means are printed beside the times, as a check that all do the same: they differ by Monte Carlo error only.
"""

import argparse
import importlib
import importlib.util
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import torch
from torch import nn

from elbowroom.evidence.importance import importance_weighted_bound
from elbowroom.training.run_folder import load_run

SAMPLES = 5_000
Program = Callable[[], np.ndarray]


def ours(model: Any, x: np.ndarray) -> Program:
    """`importance_weighted_bound` of all images at once, in chunks of samples."""
    rows = jnp.asarray(x)
    return lambda: importance_weighted_bound(model, rows, key=jr.key(0), samples=SAMPLES)


def in_torch(model: Any, x: np.ndarray) -> Program:
    """The same estimate, as it is usually written."""
    encoder, decoder = layers(model.encoder.network), layers(model.decoder.network)
    rows = torch.from_numpy(np.array(x))

    @torch.inference_mode()
    def run() -> np.ndarray:
        values = []
        for one in rows:
            mean, raw = apply(encoder, one).chunk(2)
            q = torch.distributions.Normal(mean, nn.functional.softplus(raw) + model.encoder.scale_floor)
            z = q.sample((SAMPLES,))
            seen = one.expand(SAMPLES, -1)
            likelihood = -nn.functional.binary_cross_entropy_with_logits(apply(decoder, z), seen, reduction="none")
            prior = torch.distributions.Normal(0.0, 1.0).log_prob(z)
            log_weight = likelihood.sum(-1) + (prior - q.log_prob(z)).sum(-1)
            values.append(float(torch.logsumexp(log_weight, 0)) - float(np.log(SAMPLES)))
        return np.array(values)

    return run


def in_pythae(model: Any, x: np.ndarray) -> Program:
    """`get_nll` of its VAE, called as its users call it but without gradients: 100 samples at a time."""
    models = importlib.import_module("pythae.models")
    architectures = importlib.import_module("pythae.models.nn")
    output = importlib.import_module("pythae.models.base.base_utils").ModelOutput
    encoder, decoder = layers(model.encoder.network), layers(model.decoder.network)
    observed, latent = x.shape[1], decoder[0][0].shape[1]

    class Encoder(architectures.BaseEncoder):
        def forward(self, x: torch.Tensor) -> Any:
            mean, raw = apply(encoder, x).chunk(2, dim=-1)
            scale = nn.functional.softplus(raw) + model.encoder.scale_floor
            return output(embedding=mean, log_covariance=2 * torch.log(scale))

    class Decoder(architectures.BaseDecoder):
        def forward(self, z: torch.Tensor) -> Any:
            return output(reconstruction=torch.sigmoid(apply(decoder, z)))

    settings = models.VAEConfig(input_dim=(observed,), latent_dim=latent, reconstruction_loss="bce")
    theirs = models.VAE(settings, encoder=Encoder(), decoder=Decoder()).eval()
    rows = torch.from_numpy(np.array(x))

    @torch.inference_mode()
    def run() -> np.ndarray:
        return np.array([theirs.get_nll(rows, n_samples=SAMPLES)])

    return run


def layers(network: Any) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Weight and bias of each layer of a perceptron, in its order."""
    tensors = [torch.from_numpy(np.array(leaf)) for leaf in jax.tree.leaves(network) if getattr(leaf, "ndim", 0)]
    return list(zip(tensors[::2], tensors[1::2], strict=True))


def apply(network: list[tuple[torch.Tensor, torch.Tensor]], values: torch.Tensor) -> torch.Tensor:
    for weight, bias in network[:-1]:
        values = torch.tanh(nn.functional.linear(values, weight, bias))
    return nn.functional.linear(values, *network[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", help="the folder of a run on MNIST, tanh and Bernoulli")
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    versions = {"python": platform.python_version(), "jax": jax.__version__, "torch": torch.__version__}
    print(versions, {"cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}, file=sys.stderr)
    run = load_run(arguments.run)
    rows = run.dataset().split("test").rows[: arguments.images]
    x = np.asarray(run.preparation.prepare_fixed(rows, seed=run.settings.training.seed, split="test"), np.float32)
    programs = {"elbowroom": ours(run.model, x), "PyTorch": in_torch(run.model, x)}
    if importlib.util.find_spec("pythae"):
        programs["pythae"] = in_pythae(run.model, x)
    means = {name: float(np.mean(program())) for name, program in programs.items()}
    wall: dict[str, list[float]] = {name: [] for name in programs}
    busy: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(arguments.repeats):
        for name, program in programs.items():
            begun, begun_busy = time.perf_counter(), time.process_time()
            program()
            wall[name].append((time.perf_counter() - begun) / len(x))
            busy[name].append((time.process_time() - begun_busy) / len(x))
    print(f"{len(x)} images, {SAMPLES} samples each; milliseconds per image, least of {arguments.repeats}")
    for name in programs:
        middle = statistics.median(wall[name])
        print(
            f"{name:>10}: {1e3 * min(wall[name]):7.1f} wall (median {1e3 * middle:.1f}), {1e3 * min(busy[name]):7.1f} "
            f"CPU, mean log p(x) >= {means[name]:.3f}"
        )
    for name in list(programs)[1:]:
        ratios = (min(times[name]) / min(times["elbowroom"]) for times in (wall, busy))
        print(
            f"{name} takes "
            + " and ".join(f"{r:.2f} times our {of}" for r, of in zip(ratios, ("wall time", "CPU time"), strict=True))
        )


if __name__ == "__main__":
    main()
