"""Models that were built elsewhere, as the certificate takes them: plain functions, NumPyro, PyTorch."""
