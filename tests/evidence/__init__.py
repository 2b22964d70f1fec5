"""Tests of the bounds on log p(x) and of the certificate."""
