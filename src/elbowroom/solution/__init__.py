"""Interpreter 2: the optimum in function space, numerically, knowing nothing of the derivation."""
