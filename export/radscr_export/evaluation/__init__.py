"""Measures a bundle as the clinic gets it, and writes down what was measured."""
