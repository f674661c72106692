"""Trains and measures the shipped decoder: Phi-3's architecture, small, all weights our own."""
