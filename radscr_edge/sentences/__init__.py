"""The sentence library: everything that a report may say, written by us and kept as data."""

from radscr_edge.sentences.frames import frame
from radscr_edge.sentences.library import load_sentences
from radscr_edge.sentences.matching import best_match

__all__ = ["best_match", "frame", "load_sentences"]
