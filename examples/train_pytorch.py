"""Train a small variational autoencoder in plain PyTorch and write its weights, for `certify_pytorch.py`."""

import pathlib
import sys
import tempfile

import torch
from safetensors.torch import save_file
from torch import nn

import elbowroom as er

torch.manual_seed(0)
torch.set_num_threads(1)  # matrices this small are not worth sharing
latent = 6
encoder = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2 * latent))
decoder = nn.Sequential(nn.Linear(latent, 64), nn.Tanh(), nn.Linear(64, 64))
both = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
optimiser = torch.optim.Adam(both.parameters(), lr=5e-3)
x = torch.tensor(er.load_dataset("digits").train.rows > 7, dtype=torch.float32)

for epoch in range(60):
    for batch in x[torch.randperm(len(x))].split(100):
        mean, log_variance = encoder(batch).chunk(2, dim=1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        log_likelihood = -nn.functional.binary_cross_entropy_with_logits(decoder(z), batch, reduction="none").sum(1)
        kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1)
        loss = (kl - log_likelihood).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    if epoch % 20 == 19:
        print(f"epoch {epoch + 1}: ELBO about {-loss.item():.2f} nats per image")

folder = pathlib.Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp())
save_file(both.state_dict(), folder / "pytorch_vae.safetensors")
print(f"weights in {folder / 'pytorch_vae.safetensors'}")
