"""Tests of readers, splits, batches and preparation."""
