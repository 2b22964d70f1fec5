"""Tests of the models that were built elsewhere."""
