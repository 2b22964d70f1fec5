"""Priors, likelihoods, encoders and the variational autoencoder: a network returns a distribution."""
