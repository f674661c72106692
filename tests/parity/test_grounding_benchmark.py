"""The benchmark of grounding draws hard reports, and its counts tell a sound one from a bad one."""

from dataclasses import replace

import pytest
from needs import needs

from radscr_edge.contract import Bundle
from radscr_edge.ontology import load_ontology
from radscr_edge.prose import Clause, Prose
from radscr_edge.records import Polarity
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_runtime.aggregate import aggregate
from radscr_runtime.decoders.fluent import FluentDecoder
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import PlainDecoder
from radscr_runtime.decoders.process import PhiProcess
from radscr_runtime.decoders.site import SHIPPED, model_of
from radscr_runtime.library import open_library
from radscr_runtime.options import Options

llama = needs("radscr_runtime.decoders.llama")
grounding = needs("grounding")
hard_reports = needs("hard_reports")

COUNT, SEED = 20, 5


@pytest.fixture(scope="module")
def bundle(request):
    return Bundle.open(request.config.rootpath / "models" / "default")


@pytest.fixture(scope="module")
def phi(bundle):
    opened = PhiProcess(model_of(bundle, SHIPPED), Options(budget_s=60.0))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def drawn():
    return hard_reports.draw_reports(COUNT, SEED)


@pytest.fixture(scope="module")
def composed(bundle, drawn):
    """The first report with a sentence of each source, and its evidence."""
    library = open_library(bundle)
    reports = ((one, aggregate(PlainDecoder(), library, one)) for one in drawn)
    wanted = {"Q", "U", "negative", "frame"}
    return next(pair for pair in reports if {line.source for line in pair[1].lines} == wanted)


def tampered(made, source, **changes):
    """With the first line of that source changed."""
    at = next(number for number, one in enumerate(made.lines) if one.source == source)
    changed = replace(made.lines[at], **changes)
    return replace(made, lines=(*made.lines[:at], changed, *made.lines[at + 1 :]))


def test_the_same_seed_draws_the_same_reports(drawn):
    again = hard_reports.draw_reports(COUNT, SEED)

    said = [[one.evidence[0].sentence.id for one in report.findings] for report in drawn]
    assert said == [[one.evidence[0].sentence.id for one in report.findings] for report in again]
    assert [one.missed for one in drawn] == [one.missed for one in again]


def test_three_reports_of_ten_hold_a_true_conflict():
    shares = hard_reports.conflict_shares(hard_reports.draw_reports(300, SEED))

    assert shares["U with Q"] >= 0.3
    assert shares["either"] >= shares["U with Q"]


def test_every_report_has_a_supplement_that_a_reading_could_give(drawn):
    for one in drawn:
        raised = {finding.place.hypothesis.finding for finding in one.findings}
        assert 1 <= len(one.findings) <= 5
        assert 1 <= len(one.missed) <= 3
        assert all(u.sentence.polarity is Polarity.UNCERTAIN for u in one.missed)
        assert raised.isdisjoint(u.sentence.finding for u in one.missed)


@pytest.mark.parametrize(
    ("decoder", "count"), [(PlainDecoder, COUNT), (JudgeDecoder, COUNT), (FluentDecoder, 5)]
)
def test_decoders_lose_and_invent_nothing_and_leave_no_supplement_at_odds(
    decoder, count, phi, bundle, drawn
):
    made = decoder() if decoder is PlainDecoder else decoder(phi)

    found = grounding.tally(made, bundle, drawn[:count], replayed=2)

    assert not [name for name in grounding.GROUNDING if name[0] != "Q" and found[name]]
    assert not [name for name in found if "kept U" in name and "words" not in name]
    decided = sum(found[one] for one in grounding.DECIDED)
    assert decided == sum(len(one.missed) for one in drawn[:count])


def test_keeping_all_leaves_supplements_at_odds_and_fails_verification(bundle, drawn):
    found = grounding.tally(grounding.KeepAll(), bundle, drawn, replayed=1)

    assert found["tension: kept U"] > 0
    assert found["faults"] > 0


def test_another_text_under_an_id_is_ungrounded_and_lost(composed):
    evidences, made = composed

    found = grounding.counts(evidences, tampered(made, "Q", text="There is a large mass."))

    assert (found["ungrounded"], found["lost Q"]) == (1, 1)


def test_a_frame_with_another_text_or_id_is_ungrounded(composed):
    evidences, made = composed

    for change in ({"text": "Two views."}, {"sentence_id": "frame.of.mine"}):
        assert grounding.counts(evidences, tampered(made, "frame", **change))["ungrounded"] == 1


def test_a_line_left_out_is_lost_even_where_the_impression_says_it(composed):
    evidences, made = composed
    kept = [one for one in made.lines if (one.section, one.source) != ("findings", "Q")]

    found = grounding.counts(evidences, replace(made, lines=tuple(kept)))

    assert found["lost Q"] == len(hard_reports.owed(evidences.findings)[0])


@pytest.mark.parametrize("ids", [(), ("frame.of.mine",)])
def test_prose_without_its_sentences_is_ungrounded_and_loses_them(ids, composed):
    evidences, made = composed
    prose = Prose((Clause("All is well.", ids),))

    found = grounding.counts(evidences, replace(made, prose=prose))

    owed, _ = hard_reports.owed(evidences.findings)
    assert (found["ungrounded"], found["lost Q"]) == (1, len(owed))


@pytest.mark.parametrize(
    ("source", "party"), [("Q", "Q and Q"), ("U", "kept U"), ("negative", "own denial")]
)
@pytest.mark.parametrize(
    ("polarity", "kind"), [(Polarity.POSITIVE, "contradiction"), (Polarity.UNCERTAIN, "tension")]
)
def test_two_lines_that_cannot_both_stand_are_counted_with_who_brought_them(
    source, party, polarity, kind, composed
):
    _, made = composed
    template = next(one for one in made.lines if one.source == "Q")
    lines = [
        replace(template, sentence_id=said(polarity).id, place=0),
        replace(template, sentence_id=said(Polarity.NEGATIVE).id, place=1, source=source),
    ]

    found = grounding.at_odds(replace(made, lines=tuple(lines)))

    assert found == {f"{kind}: {party}": 1}


def said(polarity):
    """A sentence of the library about the first finding that another one is nested in."""
    finding = next(name for name in hard_reports.HARD if load_ontology().descendants(name))
    every = load_sentences(Role.FINDING)
    return next(one for one in every if (one.finding, one.polarity) == (finding, polarity))


def test_what_an_asserted_finding_implies_need_not_be_hedged(drawn):
    findings = [one for report in drawn for one in report.findings]
    owed, implied = hard_reports.owed(findings)

    assert implied > 0
    assert len(owed) == len(findings) - implied
