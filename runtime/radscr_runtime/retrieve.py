"""Stage 6: challenges -> findings: the sentences that survive, or the reason why none does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from radscr_edge.contract import FindingRule, Settings
from radscr_edge.ontology import ZONES, load_ontology, zone_words
from radscr_edge.records import (
    Challenge,
    Evidence,
    Finding,
    Framed,
    Place,
    Polarity,
    Presence,
    Sentence,
    Side,
    Verdict,
)
from radscr_edge.sentences import frame
from radscr_runtime.library import Library, Rows
from radscr_runtime.timing import stage


@dataclass(frozen=True, slots=True)
class _Rival:
    """The strongest abnormality in the same region."""

    finding: str
    score: float


@stage
def retrieve(
    library: Library,
    challenges: tuple[Challenge, ...],
    settings: Settings,
    rules: Mapping[str, FindingRule],
) -> tuple[Finding, ...]:
    """One Finding per challenge: Q_m, and whether the hypothesis stands (method section 6)."""
    return tuple(
        _finding(library, challenge, settings, rules[challenge.place.hypothesis.finding])
        for challenge in challenges
    )


def _finding(
    library: Library, challenge: Challenge, settings: Settings, rule: FindingRule
) -> Finding:
    evidence = _evidence(library, challenge, settings, Polarity.POSITIVE)
    rival = _best_rival(library, challenge, settings)
    margin = evidence[0].score - rule.withdraw
    verdict, reason = _judge(challenge.place, evidence[0], rival, margin, settings)
    if verdict is Verdict.ASSERTED and challenge.place.hypothesis.presence is Presence.UNCERTAIN:
        verdict = Verdict.HEDGED
    hedge = None
    if verdict in (Verdict.HEDGED, Verdict.CANNOT_BE_EXCLUDED):
        hedge = _evidence(library, challenge, settings, Polarity.UNCERTAIN)[0].sentence
    return Finding(
        place=challenge.place,
        verdict=verdict,
        reason=reason,
        evidence=evidence,
        hedge=hedge,
        best_rival=rival.finding,
        rival_score=rival.score,
        margin=margin,
        donors=challenge.donors,
    )


def admits(place: Place, sentence: Sentence) -> bool:
    """Whether a sentence's side and zone words agree with the place that it would point at."""
    if sentence.side is Side.BILATERAL:
        fits = _on_both_sides(place)
    else:
        fits = sentence.side in (Side.NONE, place.side)
    return fits and _zone_fits(place, sentence)


def _on_both_sides(place: Place) -> bool:
    """Without an asserted side a place has zones with a side only in pairs."""
    sided = {zone.name for zone in ZONES if zone.side is not Side.NONE}
    return place.side is Side.NONE and not place.fallback and not sided.isdisjoint(place.zones)


def _zone_fits(place: Place, sentence: Sentence) -> bool:
    return not sentence.zone or (not place.fallback and sentence.zone in _bands(place))


def _bands(place: Place) -> set[str]:
    bands = {zone.band for zone in ZONES if zone.name in place.zones}
    return set().union(*(zone_words(band) for band in bands))


def _admissible(library: Library, place: Place, polarity: Polarity) -> Rows:
    """Rows that may be said of a place; those that name its side go before those that name none."""
    rows = library.about[place.hypothesis.finding, polarity]
    fitting = [row for row in rows.tolist() if admits(place, library.sentences[row])]
    sided = [row for row in fitting if library.sentences[row].side is place.side]
    return np.array(fitting if place.side is Side.NONE or not sided else sided, np.int64)


def _evidence(
    library: Library, challenge: Challenge, settings: Settings, polarity: Polarity
) -> tuple[Evidence, ...]:
    admissible = _admissible(library, challenge.place, polarity)
    similarity = library.scores(challenge.p_m, admissible)
    best = library.search.best(challenge.query, settings.sentences_per_finding, admissible)
    return tuple(
        Evidence(
            sentence=library.sentences[row],
            score=library.score(challenge.query, row),
            similarity=library.score(challenge.p_m, row),
            abnormality_score=_mean_score(library, challenge.c_abn, row),
            image_score=_mean_score(library, challenge.c_img, row),
            rank_without_critique=1
            + int((similarity > library.score(challenge.p_m, row) + 1e-6).sum()),
        )
        for row in best.tolist()
    )


def _mean_score(library: Library, alternatives: np.ndarray, row: int) -> float:
    if not len(alternatives):
        return 0.0
    return float(np.mean([library.score(vector, row) for vector in alternatives]))


def _best_rival(library: Library, challenge: Challenge, settings: Settings) -> _Rival:
    """Each rival's proposal in the same place, with the rival's own best sentence."""
    rivals = [
        _Rival(name, float(library.scores(vector, library.about[name, Polarity.POSITIVE]).max()))
        for name, vector in zip(challenge.rivals, challenge.c_abn, strict=True)
    ]
    return max(rivals, key=lambda rival: rival.score, default=_Rival("", 0.0))


def _judge(
    place: Place, best: Evidence, rival: _Rival, margin: float, settings: Settings
) -> tuple[Verdict, Framed]:
    finding = place.hypothesis.finding
    critical = load_ontology()[finding].critical
    rivals = _rivals(finding, rival, best)
    if margin < 0.0:
        kind = "frame.reason.weak"
        said = {"finding": finding, "score": f"{best.score:.2f}", "lack": f"{-margin:.2f}"}
    elif rival.finding and rival.score - best.similarity > settings.rival_margin:
        kind, said = "frame.reason.rival", rivals
    elif rival.finding and rival.score > best.similarity:
        limits = {"margin": f"{margin:.2f}", "limit": f"{settings.rival_margin:.2f}"}
        return Verdict.ASSERTED, frame("frame.reason.survived.rival", **rivals, **limits)
    else:
        said = {"finding": finding, "margin": f"{margin:.2f}"}
        return Verdict.ASSERTED, frame("frame.reason.survived", **said)
    if critical:
        return Verdict.CANNOT_BE_EXCLUDED, frame(f"{kind}.critical", **said)
    return Verdict.WITHDRAWN, frame(kind, **said)


def _rivals(finding: str, rival: _Rival, best: Evidence) -> dict[str, str]:
    return {
        "finding": finding,
        "rival": rival.finding,
        "rival_score": f"{rival.score:.2f}",
        "score": f"{best.similarity:.2f}",
    }
