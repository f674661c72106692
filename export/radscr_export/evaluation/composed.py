"""The reports that our own system writes of films of a data pack, composed as the clinic's are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from radscr_edge.contract import Bundle
from radscr_edge.errors import DecoderError
from radscr_edge.records import Composition, Radiograph
from radscr_export.data.training_set import Studies
from radscr_export.walk import Walk, as_radiograph
from radscr_runtime.aggregate import Evidences, aggregate
from radscr_runtime.decoders.choose import open_decoder
from radscr_runtime.library import open_library
from radscr_runtime.options import Options

SECTIONS: Final = ("findings", "impression")
"""What is scored: technique and limitations say nothing of the patient."""


def compositions(
    bundle: Bundle, studies: Studies, walks: Sequence[Walk], decoder: str = "plain"
) -> tuple[Composition, ...]:
    """The composed report of every film, walk by walk in the order of the studies.

    `decoder` is 'plain', 'judge' or 'auto'. Raises DecoderError where another one than that would
    have written a report: a figure must not be of another system than it says.
    """
    library = open_library(bundle)
    opened, remark = open_decoder(bundle, Options(decoder=decoder))
    try:
        _refuse(remark)
        composed = []
        for row, walk in enumerate(walks):
            evidences = Evidences(
                _named(as_radiograph(studies, row)), walk.hypotheses, walk.findings, walk.missed
            )
            composed.append(aggregate(opened, library, evidences))
            _refuse(composed[-1].remark)
    finally:
        opened.close()
    return tuple(composed)


def composed_texts(
    bundle: Bundle, studies: Studies, walks: Sequence[Walk], decoder: str = "plain"
) -> tuple[str, ...]:
    """Findings and impression of every film's report as one English text; see `compositions`."""
    return tuple(text_of(one) for one in compositions(bundle, studies, walks, decoder))


def text_of(composition: Composition) -> str:
    """The sentences of the scored sections, in order."""
    return " ".join(line.text for line in composition.lines if line.section in SECTIONS)


def _named(radiograph: Radiograph) -> Radiograph:
    """The film with a digest of its pixels, which picks among wordings as a file's digest does."""
    return replace(radiograph, digest=hashlib.sha256(radiograph.pixels.tobytes()).hexdigest())


def _refuse(remark: str) -> None:
    if remark:
        raise DecoderError(f"{remark} Install what the decoder needs, or ask for 'plain'.")
