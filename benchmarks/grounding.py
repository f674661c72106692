"""Reports of findings that touch one another: what each decoder invents, loses, leaves at odds.

    python benchmarks/grounding.py --reports 1000

Draws the evidence of reports from the packaged library, about findings that have kin in the
ontology: retrieved sentences Q, some of which deny, and supplements U, so that many cannot stand
side by side. The real last stage composes every report with every decoder, and what it printed is
read again line by line. 'all kept' asks no rule and no model: it shows what there was to decide.
Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import combinations, product
from pathlib import Path
from typing import Final

from hard_reports import conflict_shares, draw_reports, owed

from radscr_edge.claims import Profile
from radscr_edge.contract import Bundle
from radscr_edge.labeler import Mention, label
from radscr_edge.prose import Prose, Told
from radscr_edge.records import (
    Composition,
    Decision,
    Line,
    Missed,
    Provenance,
    Report,
    Sentence,
)
from radscr_edge.relations import Relation, relate, worst_relation
from radscr_edge.sentences import frame_templates, load_sentences
from radscr_runtime.aggregate import Evidences, aggregate
from radscr_runtime.decoders.decoder import Decoder, Hearer
from radscr_runtime.decoders.fluent import FluentDecoder
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.decoders.process import PhiProcess
from radscr_runtime.decoders.site import SHIPPED, model_of
from radscr_runtime.library import open_library
from radscr_runtime.options import Options
from radscr_runtime.outputs.record import to_json, to_record
from radscr_runtime.saved_report import load_report
from radscr_runtime.verify import verify

LIBRARY: Final = {one.id: one for one in load_sentences()}
REPLAYED: Final = 50
"""Reports of each decoder that `radscr-edge verify` replays too; it loads the library each time."""
SECONDS: Final = 600.0
"""Longest wait for Phi: that a machine is busy is not the decoder's fault."""
GROUNDING: Final = ("ungrounded", "lost Q", "Q implied, left out", "fell back", "faults")
DECIDED: Final = ("rule kept", "rule dropped", "phi kept", "phi dropped")
PARTIES: Final = ("Q and Q", "kept U", "own denial")
"""Between whom: both given by the stages before, the decoder's doing, or the last stage's."""
AT_ODDS: Final = ("contradiction", "tension", "in words only")
"""By the library's codes, the first two; the last only as the labeler reads the words."""


@dataclass(frozen=True, slots=True)
class KeepAll:
    """Decides nothing: every supplement joins the report."""

    name: str = "all kept"

    def decide(self, q: Sequence[Sentence], u: Sequence[Missed]) -> tuple[Decision, ...]:
        """Keeps all."""
        return tuple(Decision(one.sentence.id, True, "nobody", None) for one in u)

    def write(self, told: Sequence[Told], hearer: Hearer) -> Prose | None:
        """Nothing."""
        return None

    def close(self) -> None:
        """Holds nothing."""


def main() -> None:
    """Prints the share of conflicts and the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reports", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--bundle", type=Path, default=Path("models/default"))
    given = parser.parse_args()
    bundle, drawn = Bundle.open(given.bundle), draw_reports(given.reports, given.seed)
    phi = PhiProcess(model_of(bundle, SHIPPED), Options(budget_s=SECONDS))
    try:
        decoders = (KeepAll(), PlainDecoder(), JudgeDecoder(phi), FluentDecoder(phi))
        tallies = {one.name: tally(one, bundle, drawn, REPLAYED) for one in decoders}
    finally:
        phi.close()
    shares = "; ".join(f"{name} {share:.1%}" for name, share in conflict_shares(drawn).items())
    print(f"Of {len(drawn)} reports have a true conflict before any decision: {shares}.\n")
    print_table(tallies, (*GROUNDING, *DECIDED))
    print_table(tallies, [f"{kind}: {party}" for kind, party in product(AT_ODDS, PARTIES)])


def tally(
    decoder: Decoder, bundle: Bundle, drawn: Sequence[Evidences], replayed: int
) -> Counter[str]:
    """All counts of one decoder; `verify` replays the first `replayed` reports."""
    library, total = open_library(bundle), Counter[str]()
    for number, evidences in enumerate(drawn):
        composition = aggregate(decoder, library, evidences)
        total.update(counts(evidences, composition))
        total["fell back"] += composition.decoder != decoder.name
        if number < replayed:
            total["faults"] += faults(evidences, composition, bundle)
    return total


def counts(evidences: Evidences, composition: Composition) -> Counter[str]:
    """What is found in one report by reading its lines again."""
    said, implied = owed(evidences.findings)
    found = Counter(
        {
            "ungrounded": len(list(ungrounded(composition))),
            "lost Q": len(list(lost(said, composition))),
            "Q implied, left out": implied,
        }
    )
    for one in composition.decisions:
        found[f"{one.decided_by[:4].rstrip(':')} {'kept' if one.kept else 'dropped'}"] += 1
    found.update(at_odds(composition))
    return found


def ungrounded(composition: Composition) -> Iterator[str]:
    """Lines that are not their library sentence or frame; prose that names no lines."""
    for line in composition.lines:
        if line.text != source_text(line):
            yield line.text
    told = {one.sentence_id for one in composition.lines if one.section == "findings"}
    for clause in composition.prose.clauses if composition.prose else ():
        if not clause.sentence_ids or not told.issuperset(clause.sentence_ids):
            yield clause.text


def source_text(line: Line) -> str | None:
    """What its id stands for; None where that is nothing."""
    if line.sentence_id in LIBRARY:
        return LIBRARY[line.sentence_id].text
    template = frame_templates().get(line.sentence_id)
    return template and template.format(**dict(line.slots))


def lost(said: Sequence[tuple[int, Sentence]], composition: Composition) -> Iterator[str]:
    """Sentences that do not stand word for word in the findings, and in the prose if there is."""
    lines = {(one.place, one.text) for one in composition.lines if one.section == "findings"}
    prose = composition.prose.text.lower() if composition.prose else None
    for index, one in said:
        in_prose = prose is None or one.text.removesuffix(".").lower() in prose
        if (index, one.text) not in lines or not in_prose:
            yield one.text


def at_odds(composition: Composition) -> Counter[str]:
    """Pairs of what findings and impression say that do not go together, by kind and party.

    A sentence and its short form in the impression are one; a pair counts once, at its gravest.
    """
    said = [
        one
        for one in composition.lines
        if one.section in ("findings", "impression") and one.sentence_id in LIBRARY
    ]
    gravest: dict[tuple[str, ...], tuple[int, str]] = {}
    for first, second in combinations(said, 2):
        pair = tuple(sorted(map(origin_of, (first, second))))
        found = (gravity(first.sentence_id, second.sentence_id), party_of(first, second))
        gravest[pair] = max(gravest.get(pair, found), found)
    return Counter(f"{AT_ODDS[3 - grave]}: {party}" for grave, party in gravest.values() if grave)


def origin_of(line: Line) -> str:
    """What a line and its short form have in common."""
    return f"finding {line.place}" if line.source == "Q" else f"{line.source} {line.sentence_id}"


def party_of(first: Line, second: Line) -> str:
    """Who brought two lines together."""
    sources = {first.source, second.source}
    return PARTIES[2] if "negative" in sources else PARTIES[1] if "U" in sources else PARTIES[0]


@cache
def gravity(first: str, second: str) -> int:
    """How badly two sentences go together, 3 the worst of AT_ODDS; 0: they go."""
    relation = relate(LIBRARY[first], LIBRARY[second])
    if relation >= Relation.TENSION:
        return 3 if relation is Relation.CONTRADICTION else 2
    return int(worst_relation(mentions(first), mentions(second)) >= Relation.TENSION)


@cache
def mentions(sentence_id: str) -> list[Mention]:
    """What the labeler reads in a sentence of the present film."""
    return [one for one in label(LIBRARY[sentence_id].text) if not one.historical]


def faults(evidences: Evidences, composition: Composition, bundle: Bundle) -> int:
    """Faults that `radscr-edge verify` finds in the saved report."""
    film, findings = evidences.radiograph, evidences.findings
    origin = Provenance(
        package_version=version("radscr-edge"),
        bundle_name=bundle.name,
        bundle_digest=bundle.digest,
        network_variant="int8",
        search="exact",
        profile=Profile.BALANCED,
    )
    report = Report(film, evidences.hypotheses, findings, evidences.missed, composition, origin)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        path.write_text(to_json(to_record(report)), encoding="utf-8")
        return len(verify(load_report(path), bundle))


def print_table(tallies: Mapping[str, Counter[str]], columns: Sequence[str]) -> None:
    """One row a decoder."""
    print(f"| decoder | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for name, found in tallies.items():
        print(f"| {name} | {' | '.join(str(found[one]) for one in columns)} |")
    print()


if __name__ == "__main__":
    main()
