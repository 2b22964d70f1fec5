"""Interpreter 3: Monte Carlo estimates of a functional, with gradients."""
