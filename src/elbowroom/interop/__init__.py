"""Models that were built elsewhere."""
