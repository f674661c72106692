"""Trains the shipped decoder: a tiny model of Phi-3's architecture, tokenizer and weights our own."""

from radscr_export.decoder.training import train_decoder

__all__ = ["train_decoder"]
