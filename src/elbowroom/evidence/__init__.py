"""Bounds on log p(x), refinement per datum, the certificate and its diagnostics."""
