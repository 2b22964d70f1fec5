"""Certify a variational autoencoder that was trained in PyTorch: two modules, their weights in a file."""

import pathlib
import sys

import jax.random as jr
import numpy as np
from safetensors.torch import load_file
from torch import nn

import elbowroom as er

# The two modules as they were trained (`train_pytorch.py`), and their weights.
encoder = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2 * 6))  # mean and log-variance of z
decoder = nn.Sequential(nn.Linear(6, 64), nn.Tanh(), nn.Linear(64, 64))  # log-odds of the pixels
weights = load_file(sys.argv[1] if sys.argv[1:] else pathlib.Path(__file__).with_name("pytorch_vae.safetensors"))
nn.ModuleDict({"encoder": encoder, "decoder": decoder}).load_state_dict(weights)

model = er.from_torch(encoder.eval(), decoder.eval(), latent=6, spread="log_variance", likelihood="bernoulli")
x = (er.load_dataset("digits").test.rows[:100] > 7).astype(np.float32)
room = er.certify(model, x, key=jr.key(0))

print(f"log p(x) between {room.log_evidence.lower.value:.2f} and {room.log_evidence.upper.value:.2f} nats per image")
print("\n".join(room.verdict))
