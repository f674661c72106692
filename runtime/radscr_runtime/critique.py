"""Stage 5: proposals -> challenges: each proposal and its critiques folded into one query."""

from __future__ import annotations

import numpy as np

from radscr_edge.contract import Settings
from radscr_edge.records import Challenge, Floats, Proposals
from radscr_runtime.timing import stage


@stage
def critique(proposals: Proposals, settings: Settings) -> tuple[Challenge, ...]:
    """One challenge per place; its query ranks as the four-term score does (method identity 1)."""
    rows = zip(
        proposals.places,
        proposals.p_m,
        proposals.c_abn,
        proposals.c_img,
        proposals.rivals,
        proposals.donors,
        strict=True,
    )
    return tuple(
        Challenge(
            place=place,
            query=p_m - settings.alpha2 * (_mean(c_abn, p_m) + _mean(c_img, p_m)),
            p_m=p_m,
            c_abn=c_abn,
            c_img=c_img,
            rivals=rivals,
            donors=donors,
        )
        for place, p_m, c_abn, c_img, rivals, donors in rows
    )


def _mean(alternatives: Floats, p_m: Floats) -> Floats:
    """Mean of the alternatives; zero where none was lawful."""
    if not len(alternatives):
        return np.zeros_like(p_m)
    result: Floats = alternatives.mean(axis=0)
    return result
