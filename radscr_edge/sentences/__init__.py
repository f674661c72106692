"""The sentence library: everything that a report may say, written by us and kept as data."""

from radscr_edge.sentences.frames import frame, frame_templates
from radscr_edge.sentences.library import load_sentences, sentence_of, variants, written_sentences
from radscr_edge.sentences.matching import best_match
from radscr_edge.sentences.slots import has_slot, spell
from radscr_edge.sentences.tables import LANGUAGES
from radscr_edge.sentences.translations import translated, translations

__all__ = [
    "LANGUAGES",
    "best_match",
    "frame",
    "frame_templates",
    "has_slot",
    "load_sentences",
    "sentence_of",
    "spell",
    "translated",
    "translations",
    "variants",
    "written_sentences",
]
