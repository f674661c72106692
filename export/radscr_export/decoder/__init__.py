"""Trains the shipped decoder: Phi-3's architecture, tiny, with tokenizer and weights our own."""

from radscr_export.decoder.training import train_decoder

__all__ = ["train_decoder"]
