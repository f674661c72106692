"""The report is verbatim and free of contradiction, and it never calls a film normal."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import Oracle, hypotheses, library, place, radiograph

from radscr_edge.claims import Status
from radscr_edge.errors import DecoderError
from radscr_edge.ontology import FINDINGS, load_ontology
from radscr_edge.records import (
    Evidence,
    Finding,
    Framed,
    Geometry,
    Missed,
    Polarity,
    Presence,
    Severity,
    Side,
    Verdict,
    View,
)
from radscr_edge.sentences import best_match, frame, load_sentences
from radscr_edge.wording import Role
from radscr_runtime.aggregate import Evidences, aggregate
from radscr_runtime.decoders.judge import JudgeDecoder
from radscr_runtime.decoders.plain import PlainDecoder

EFFUSION, OPACITY, CONSOLIDATION = "pleural effusion", "lung opacity", "consolidation"
PNEUMOTHORAX, BLUNTING = "pneumothorax", "costophrenic angle blunting"
OPEN = ("frame.limitation.indeterminate", "frame.limitation.not_assessed")
TEXTS = {one.id: one.text for one in load_sentences()}
RETRIEVED = load_sentences(Role.FINDING)
COMPOSED = [one for one in load_sentences() if one.role is not Role.FINDING]
SHELF = library(RETRIEVED, [[0.0, 0.0]] * len(RETRIEVED), others=COMPOSED)
REASON = Framed("because", "frame.reason", ())


def said_of(finding, polarity=Polarity.POSITIVE):
    return best_match(RETRIEVED, finding, polarity, Side.NONE, Severity.NONE)[0]


def found(finding, verdict=Verdict.ASSERTED, **at):
    hedged = verdict in (Verdict.HEDGED, Verdict.CANNOT_BE_EXCLUDED)
    at = {"presence": Presence.UNCERTAIN, **at} if verdict is Verdict.HEDGED else at
    evidence = (Evidence(said_of(finding), 0.5, 0.5, 0.0, 0.0, 1),)
    hedge = said_of(finding, Polarity.UNCERTAIN) if hedged else None
    return Finding(place(finding, **at), verdict, REASON, evidence, hedge, "", 0.0, 0.1, ())


def missed(*findings):
    return tuple(Missed(said_of(name, Polarity.UNCERTAIN), 0.5, 0.3) for name in findings)


def composed(findings=(), absent=(), u=(), indeterminate=(), decoder=None, advice=False, **film):
    present = [one.place.hypothesis for one in findings]
    rest = hypotheses((), absent, indeterminate)
    assessed = tuple({one.finding: one for one in (*rest, *present)}.values())
    evidences = Evidences(radiograph(**film), assessed, tuple(findings), tuple(u))
    return aggregate(decoder or PlainDecoder(), SHELF, evidences, advice)


def lines(composition, section="", source=""):
    return [
        one
        for one in composition.lines
        if section in ("", one.section) and source in ("", one.source)
    ]


def test_retrieved_sentences_are_printed_verbatim_organ_by_organ():
    findings = [found("scoliosis"), found(EFFUSION), found(OPACITY)]

    q = lines(composed(findings), "findings", "Q")

    assert [one.finding for one in q] == [OPACITY, EFFUSION, "scoliosis"]
    assert [one.place for one in q] == [2, 1, 0]
    assert [one.text for one in q] == [TEXTS[one.sentence_id] for one in q]


def test_findings_go_organ_by_organ_whether_affirmed_hedged_or_denied():
    findings, u = [found("scoliosis"), found(OPACITY)], missed("tortuous aorta")

    said = lines(composed(findings, absent=[EFFUSION, "hernia"], u=u), "findings")

    assert [one.finding for one in said] == [
        OPACITY,
        EFFUSION,
        "tortuous aorta",
        "scoliosis",
        "hernia",
    ]


def test_an_organ_whose_every_finding_is_denied_is_called_normal_once():
    heart = [one.name for one in load_ontology().findings if "heart" in one.organs]

    (line,) = lines(composed(absent=heart), source="negative")

    assert line.finding == ""
    assert line.sentence_id.startswith("normal.heart.")


def test_denials_change_their_wording_from_film_to_film_but_not_for_one_film():
    said = {
        digest: lines(composed(absent=[EFFUSION], digest=digest * 64), source="negative")[0].text
        for digest in "0123456789abcdef"
    }

    assert len(set(said.values())) > 2
    assert lines(composed(absent=[EFFUSION]), source="negative")[0].text == said["0"]


def test_the_impression_says_a_finding_in_short_and_points_at_the_same_place():
    said = replace(said_of(EFFUSION), severity=Severity.MILD)
    evidence = (Evidence(said, 0.5, 0.5, 0.0, 0.0, 1),)

    (line,) = lines(composed([replace(found(EFFUSION), evidence=evidence)]), "impression")

    assert line.sentence_id.startswith("pleural-effusion.impression.")
    assert line.place == 0
    assert "mall" in line.text


@pytest.mark.parametrize("severity", [Severity.NONE, Severity.MODERATE])
@pytest.mark.parametrize("finding", FINDINGS)
def test_an_impression_never_says_more_than_the_finding(finding, severity):
    said = replace(said_of(finding), severity=severity)
    evidence = (Evidence(said, 0.5, 0.5, 0.0, 0.0, 1),)
    composition = composed([replace(found(finding), evidence=evidence)])

    (line,) = lines(composition, "impression")

    short = next(one for one in load_sentences() if one.id == line.sentence_id)
    assert short.finding == finding
    assert short.severity in (Severity.NONE, severity)
    assert short.side is Side.NONE


@pytest.mark.parametrize(
    ("film", "ids"),
    [
        ({"view": View.PA}, ["pa", "no_comparison"]),
        ({"view": View.AP}, ["ap", "ap.heart", "no_comparison"]),
        ({"view": View.UNKNOWN}, ["unknown", "no_comparison"]),
        ({"geometry": Geometry(9, 9, 1, True)}, ["pa", "turned", "mirrored", "no_comparison"]),
    ],
)
def test_the_technique_is_told(film, ids):
    made = composed(**film)

    said = [one.sentence_id.removeprefix("frame.technique.") for one in lines(made, "technique")]

    assert said == ids


def test_advice_is_given_only_where_it_is_asked_for():
    assert lines(composed([found(EFFUSION)]), "advice") == []
    (line,) = lines(composed([found(EFFUSION)], advice=True), "advice")
    assert line.finding == EFFUSION
    assert line.text == TEXTS[line.sentence_id]


def test_withdrawn_hypotheses_are_not_spoken_of():
    composition = composed([found(EFFUSION, Verdict.WITHDRAWN)])

    assert lines(composition, "findings") == []
    assert [one.text for one in lines(composition, "impression")] == [
        "No finding is asserted among the 1 abnormalities assessed."
    ]


def test_a_hedged_finding_is_hedged_in_findings_and_impression():
    composition = composed([found(EFFUSION, Verdict.HEDGED)])

    (said,) = lines(composition, "findings")
    short, unasserted = lines(composition, "impression")
    assert said.text == said_of(EFFUSION, Polarity.UNCERTAIN).text
    assert {one.id: one.polarity for one in load_sentences()}[short.sentence_id] is (
        Polarity.UNCERTAIN
    )
    assert unasserted.text == "No finding is asserted among the 1 abnormalities assessed."


def test_what_an_asserted_finding_implies_is_not_hedged_beside_it():
    composition = composed([found(CONSOLIDATION), found(OPACITY, Verdict.HEDGED)])

    assert [one.finding for one in lines(composition, source="Q")] == [CONSOLIDATION] * 2


def test_an_asserted_finding_stays_in_the_impression_beside_a_hedged_narrower_one():
    composition = composed([found(CONSOLIDATION, Verdict.HEDGED), found(OPACITY)])

    assert [one.finding for one in lines(composition, "impression")] == [OPACITY, CONSOLIDATION]


def test_an_image_without_the_detail_of_a_film_is_told():
    doubted = found(EFFUSION, Verdict.HEDGED, probability=0.9)

    said = [one.sentence_id for one in lines(composed([doubted]), "limitations")]

    assert "frame.limitation.detail" in said


def test_absent_findings_are_denied_and_no_others():
    composition = composed(absent=[EFFUSION, PNEUMOTHORAX], indeterminate=["hernia"])

    negatives = lines(composition, source="negative")
    assert {one.finding for one in negatives} == {EFFUSION, PNEUMOTHORAX}
    assert all(not re.search("right|left", one.text) for one in negatives)


@pytest.mark.parametrize(
    ("open_finding", "denied"),
    [(CONSOLIDATION, OPACITY), (EFFUSION, BLUNTING), ("hydropneumothorax", PNEUMOTHORAX)],
)
def test_what_an_open_question_touches_is_not_denied(open_finding, denied):
    for made in (
        composed([found(open_finding)], absent=[denied]),
        composed([found(open_finding, Verdict.WITHDRAWN)], absent=[denied]),
        composed(indeterminate=[open_finding], absent=[denied]),
        composed(u=missed(open_finding), absent=[denied]),
    ):
        assert lines(made, source="negative") == []


def test_nothing_found_counts_what_was_assessed_and_never_says_normal():
    composition = composed(absent=[EFFUSION, PNEUMOTHORAX, "hernia"])

    (line,) = lines(composition, "impression")
    assert line.text == "No finding above threshold among the 3 abnormalities assessed."


def test_a_critical_doubt_leads_to_a_second_look():
    composition = composed([found(PNEUMOTHORAX, Verdict.CANNOT_BE_EXCLUDED)])

    texts = [one.text for one in lines(composition, "impression")]
    assert texts == [
        "Cannot be excluded and needs a second look: pneumothorax.",
        "No finding is asserted among the 1 abnormalities assessed.",
    ]
    (line,) = lines(composition, "findings")
    assert line.text == said_of(PNEUMOTHORAX, Polarity.UNCERTAIN).text


def test_the_impression_puts_critical_findings_first_and_leaves_out_what_they_imply():
    findings = [found(OPACITY), found(EFFUSION), found(CONSOLIDATION), found(PNEUMOTHORAX)]

    impression = [one.finding for one in lines(composed(findings), "impression")]

    assert impression[0] == PNEUMOTHORAX
    assert sorted(impression) == sorted([PNEUMOTHORAX, EFFUSION, CONSOLIDATION])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"findings": [found(EFFUSION, fallback=True)]}, "Location uncertain: pleural effusion."),
        ({"side_known": False}, "Sides are as displayed; the image file does not name the "),
        ({}, "Rib fractures, tubes, lines and devices are outside the abnormalities assessed."),
        ({}, "Not assessed on their own, because a negative could not be supported by data: lung "),
        (
            {"findings": [found(EFFUSION, status=Status.WEAK), found(OPACITY)]},
            "The data show only weakly (AUROC below .70 or fewer than 20 positive films) that",
        ),
        (
            {"findings": [found(EFFUSION, status=Status.NOT_VALIDATED), found(OPACITY)]},
            "Not validated; no data show that these findings are told apart better than by chance",
        ),
        ({"indeterminate": ["hernia"]}, "Between the thresholds, neither asserted nor denied: h"),
    ],
)
def test_limitations_are_told(changes, text):
    limitations = [one.text for one in lines(composed(**changes), "limitations")]

    assert any(one.startswith(text) for one in limitations)


def test_only_the_odds_decide_what_is_kept_of_u_and_q_stays_verbatim():
    findings, u = [found(EFFUSION)], missed(BLUNTING, "scoliosis")

    keen = composed(findings, u=u, decoder=JudgeDecoder(Oracle(3.0)))
    shy = composed(findings, u=u, decoder=JudgeDecoder(Oracle(-3.0)))

    assert [one.finding for one in lines(keen, source="U")] == [BLUNTING, "scoliosis"]
    assert [one.finding for one in lines(shy, source="U")] == ["scoliosis"]
    assert lines(keen, source="Q") == lines(shy, source="Q")
    assert (keen.decoder, shy.decoder) == ("judge", "judge")


class Failing:
    name = "judge"

    def decide(self, q, u):
        raise DecoderError("llama.cpp failed on a question.")


def test_a_failing_decoder_gives_way_to_plain_with_a_remark():
    findings, u = [found(EFFUSION)], missed("scoliosis")

    composition = composed(findings, u=u, decoder=Failing())

    assert composition.decoder == "plain"
    assert composition.remark == (
        "llama.cpp failed on a question. The plain decoder decided instead."
    )
    assert composition.lines == composed(findings, u=u).lines


@st.composite
def compositions(draw):
    presences = draw(st.lists(st.sampled_from(Presence), min_size=37, max_size=37))
    kinds = dict(zip(FINDINGS, presences, strict=True))
    named = {p: [name for name, kind in kinds.items() if kind is p] for p in Presence}
    findings = []
    for name in named[Presence.PRESENT]:
        critical = load_ontology()[name].critical
        lost = Verdict.CANNOT_BE_EXCLUDED if critical else Verdict.WITHDRAWN
        findings.append(found(name, draw(st.sampled_from([Verdict.ASSERTED, lost]))))
    for name in named[Presence.UNCERTAIN]:
        critical = load_ontology()[name].critical
        lost = Verdict.CANNOT_BE_EXCLUDED if critical else Verdict.WITHDRAWN
        verdict = draw(st.sampled_from([Verdict.HEDGED, lost]))
        findings.append(found(name, verdict, presence=Presence.UNCERTAIN))
    near = named[Presence.INDETERMINATE] + named[Presence.NOT_ASSESSED] or [None]
    u = draw(st.lists(st.sampled_from(near), max_size=3, unique=True))
    decoder = JudgeDecoder(Oracle(draw(st.sampled_from([-1.0, 1.0]))))
    return composed(
        findings,
        named[Presence.ABSENT],
        missed(*[name for name in u if name]),
        named[Presence.INDETERMINATE],
        decoder,
    )


@given(composition=compositions())
def test_no_report_contradicts_itself(composition):
    ontology = load_ontology()
    spoken = {one.finding for one in composition.lines if one.source in ("Q", "U")}
    denied = {one.finding for one in lines(composition, source="negative")}

    assert not ontology.roll_up(spoken) & denied
    for one in lines(composition, "limitations"):
        if one.sentence_id in OPEN:
            listed = one.text.removesuffix(".").partition(": ")[2].split(", ")
            assert not ontology.roll_up(spoken) & set(listed)


@given(composition=compositions())
def test_every_sentence_comes_from_the_library_or_is_a_frame(composition):
    for one in composition.lines:
        if one.source == "frame":
            template = re.escape(frame(one.sentence_id, findings="@", count="@").text)
            assert re.fullmatch(template.replace("@", ".+"), one.text)
        else:
            assert one.text == TEXTS[one.sentence_id]


@given(composition=compositions())
def test_the_impression_is_never_empty_and_never_says_normal(composition):
    impression = lines(composition, "impression")

    assert impression
    assert not any(re.search(r"\bnormal\b", one.text) for one in impression)


def on_side(one, side):
    """A finding whose own sentence, or hedge, names a side."""
    said = replace(one.hedge or one.evidence[0].sentence, side=side)
    if one.hedge is not None:
        return replace(one, hedge=said)
    return replace(one, evidence=(replace(one.evidence[0], sentence=said),))


@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
def test_a_hedge_is_left_out_only_where_its_own_side_is_said(side):
    asserted = on_side(found("hydropneumothorax"), Side.RIGHT)
    hedge = on_side(found(PNEUMOTHORAX, Verdict.HEDGED), side)

    said = lines(composed([asserted, hedge]), "findings", "Q")

    expected = [PNEUMOTHORAX, "hydropneumothorax"] if side is Side.LEFT else ["hydropneumothorax"]
    assert sorted(one.finding for one in said) == sorted(expected)


def test_no_denial_says_more_than_its_finding_beside_what_is_said():
    clear = next(one for one in RETRIEVED if "Both pleural spaces are clear" in one.text)
    digests = [f"{number:08x}" + "0" * 56 for number in range(40)]

    beside, alone = (
        {
            line.sentence_id
            for digest in digests
            for line in lines(
                composed(findings, absent=[EFFUSION], digest=digest), source="negative"
            )
        }
        for findings in ([found(PNEUMOTHORAX)], [])
    )

    assert clear.id in alone
    assert clear.id not in beside
    assert beside
