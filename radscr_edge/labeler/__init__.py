"""Reads English chest reports: sentences, and what each says of the 37 findings."""

from radscr_edge.labeler.labeler import label
from radscr_edge.labeler.mention import Mention
from radscr_edge.labeler.sentences import compares, split_sentences

__all__ = ["Mention", "compares", "label", "split_sentences"]
