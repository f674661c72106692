"""Adapters from public data sets to films, label states and mentions."""
