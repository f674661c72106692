"""Draws what the last stage is given of films whose findings touch one another; what it owes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from itertools import combinations, product
from typing import Final, TypeVar

import numpy as np

from radscr_edge.claims import Status
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import (
    Evidence,
    Finding,
    Geometry,
    Hypothesis,
    Missed,
    Place,
    Polarity,
    Presence,
    Radiograph,
    Sentence,
    Side,
    Verdict,
    View,
)
from radscr_edge.relations import Relation, covers, relate
from radscr_edge.sentences import frame, load_sentences
from radscr_edge.wording import Role
from radscr_runtime.aggregate import Evidences

T = TypeVar("T")

HARD: Final = tuple(name for name in FINDINGS if len(load_ontology().kin(name)) > 1)
"""The findings that another one implies, or is often taken for."""
NEAR: Final = 4
"""How many times as often a finding is drawn for Q where it is kin of one in U."""
STANCES: Final = (Polarity.POSITIVE,) * 9 + (Polarity.UNCERTAIN,) * 5 + (Polarity.NEGATIVE,) * 6
"""What a sentence of Q says of its finding."""
DENIED: Final = 0.3
"""Share of reports in which Q denies what one of U implies, where it implies anything."""
UNSAID: Final = (Presence.ABSENT,) * 2 + (Presence.NOT_ASSESSED,) * 3
"""What is known of an abnormality that is in neither Q nor U."""


def draw_reports(count: int, seed: int) -> list[Evidences]:
    """The evidence of `count` reports; the same for the same seed."""
    generator = np.random.default_rng(seed)
    return [draw_report(number, generator) for number in range(count)]


def draw_report(number: int, generator: np.random.Generator) -> Evidences:
    """One to five findings and one to three supplements, all of HARD, none of them twice."""
    names = generator.permutation(HARD).tolist()
    count = int(generator.integers(1, 4))
    u, others = names[:count], names[count:]
    above = sorted(set[str]().union(*map(load_ontology().ancestors, u)).difference(u))
    kin = set[str]().union(*map(load_ontology().kin, u))
    weights = np.array([NEAR if name in kin else 1 for name in others], float)
    size = generator.integers(1, 6)
    q = generator.choice(others, size, replace=False, p=weights / weights.sum()).tolist()
    stances = {name: one_of(STANCES, generator) for name in q}
    if above and generator.random() < DENIED:
        stances = dict(list(stances.items())[1:]) | {one_of(above, generator): Polarity.NEGATIVE}
    findings = tuple(draw_finding(*pair, generator) for pair in stances.items())
    missed = tuple(Missed(one_of(candidates(name), generator), 0.5, 0.3) for name in u)
    known = {name: hypothesis(name, one_of(UNSAID, generator), 0.1) for name in FINDINGS}
    known |= {name: hypothesis(name, Presence.INDETERMINATE, 0.3) for name in u}
    known |= {one.place.hypothesis.finding: one.place.hypothesis for one in findings}
    return Evidences(film(number), tuple(known[name] for name in FINDINGS), findings, missed)


def draw_finding(name: str, stance: Polarity, generator: np.random.Generator) -> Finding:
    """An asserted finding, a hedged one, or an asserted one whose sentence denies it.

    No reading gives the last: it stands for whatever a report may deny beside U.
    """
    hedged = stance is Polarity.UNCERTAIN
    said = one_of(about(name, Polarity.POSITIVE if hedged else stance), generator)
    hedge = one_of(about(name, Polarity.UNCERTAIN), generator) if hedged else None
    doubts = [Verdict.HEDGED] + [Verdict.CANNOT_BE_EXCLUDED] * load_ontology()[name].critical
    presence = Presence.UNCERTAIN if hedged else Presence.PRESENT
    side = (hedge or said).side
    zone = (0.4, 0.5) if hedged else (0.5, 0.9)
    return Finding(
        place=Place(
            hypothesis=hypothesis(name, presence, float(generator.uniform(*zone))),
            region=np.ones(64, np.bool_),
            boxes=(),
            zones=(),
            side=side if side is not Side.BILATERAL else Side.NONE,
            side_share=0.8,
            fallback=False,
        ),
        verdict=one_of(doubts, generator) if hedged else Verdict.ASSERTED,
        reason=frame("frame.reason.survived", finding=name, margin="0.10"),
        evidence=(Evidence(said, 0.5, 0.5, 0.0, 0.0, 1),),
        hedge=hedge,
        best_rival="",
        rival_score=0.0,
        margin=0.1,
        donors=(),
    )


def one_of(choices: Sequence[T], generator: np.random.Generator) -> T:
    """Any of them."""
    return choices[int(generator.integers(len(choices)))]


@cache
def about(finding: str, polarity: Polarity) -> list[Sentence]:
    """The packaged sentences of every side and severity."""
    wanted = (finding, polarity)
    return [one for one in load_sentences(Role.FINDING) if (one.finding, one.polarity) == wanted]


def candidates(finding: str) -> list[Sentence]:
    """What the missed-finding check may propose: hedged, without side and zone."""
    every = about(finding, Polarity.UNCERTAIN)
    return [one for one in every if one.side is Side.NONE and not one.zone]


def hypothesis(name: str, presence: Presence, probability: float) -> Hypothesis:
    """Raised from .4, affirmed from .5."""
    return Hypothesis(name, probability, True, 0.4, 0.5, presence, Status.VALIDATED)


def film(number: int) -> Radiograph:
    """No image, but a digest of its own: by it the wording of denials is chosen."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    black = np.zeros((128, 128), np.uint8)
    return Radiograph(black, Geometry(128, 128), View.PA, "drawn", digest, True, None)


def owed(findings: Sequence[Finding]) -> tuple[list[tuple[int, Sentence]], int]:
    """What of Q the report must print, with its finding's index; how many findings it need not.

    It need not hedge what an asserted sentence says already.
    """
    asserted = [one.evidence[0].sentence for one in findings if one.verdict is Verdict.ASSERTED]
    spoken = [
        (index, one)
        for index, one in enumerate(findings)
        if one.hedge is None or not any(covers(whole, one.hedge) for whole in asserted)
    ]
    said = [
        (index, sentence)
        for index, one in spoken
        for sentence in ([one.hedge] if one.hedge else [row.sentence for row in one.evidence])
    ]
    return said, len(findings) - len(spoken)


def conflict_shares(drawn: Sequence[Evidences]) -> dict[str, float]:
    """Shares of reports in which sentences to be said conflict before anything is decided."""
    rows = []
    for one in drawn:
        q, u = [said for _, said in owed(one.findings)[0]], [row.sentence for row in one.missed]
        with_u = any(relate(*pair) >= Relation.TENSION for pair in product(u, q))
        within_q = any(relate(*pair) >= Relation.TENSION for pair in combinations(q, 2))
        rows.append((with_u, within_q, with_u or within_q))
    return dict(
        zip(("U with Q", "within Q", "either"), np.mean(rows, axis=0).tolist(), strict=True)
    )
