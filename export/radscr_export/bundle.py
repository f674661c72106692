"""Builds the bundle of a trained run."""
