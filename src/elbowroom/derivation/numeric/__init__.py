"""Numbers for derivations: integrals, functionals and multipliers in float64."""
