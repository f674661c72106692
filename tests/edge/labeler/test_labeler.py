"""The report labeler: its challenge sentences, and what holds for every sentence."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radscr_edge.labeler import Mention, compares, label, split_sentences
from radscr_edge.labeler.lexicon import expand
from radscr_edge.ontology import FINDINGS, ORGANS, load_ontology
from radscr_edge.records import Polarity, Severity, Side
from radscr_edge.wording import Certainty

HERE = Path(__file__).parent
FROZEN = "a0d8adf1c57a8efecc5c1ca19b0aee65ed7373035f833b9bb292348baba89e44"
"""Written by someone who did not know the rules; nobody may edit it to suit them."""


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def rendered(sentence: str) -> str:
    """The mentions of a sentence in the form of the challenge files."""
    return "; ".join(render(one) for one in label(sentence))


def render(one: Mention) -> str:
    polarity = "historical" if one.historical else one.polarity
    side = "" if one.side is Side.NONE else f"@{one.side}"
    severity = "" if one.severity is Severity.NONE else f"~{one.severity}"
    return f"{one.finding or one.organ}={polarity}{side}{severity}"


def the_mention(sentence: str) -> Mention:
    (mention,) = label(sentence)
    return mention


def test_the_frozen_challenge_is_what_its_author_wrote() -> None:
    assert hashlib.sha256((HERE / "frozen.csv").read_bytes()).hexdigest() == FROZEN


def test_at_least_98_of_100_challenge_sentences_are_read_right() -> None:
    challenge = rows("frozen.csv") + rows("challenge.csv")

    wrong = [
        f"{row['id']}: {row['sentence']}\n  wanted {row['expected']}\n  read   {read}"
        for row in challenge
        if (read := rendered(row["sentence"])) != row["expected"]
    ]

    assert len(wrong) <= 0.02 * len(challenge), "\n".join(wrong)


@pytest.mark.parametrize("name", ["frozen.csv", "challenge.csv"])
def test_the_challenges_name_known_findings_and_organs_only(name: str) -> None:
    named = {
        mention.partition("=")[0]
        for row in rows(name)
        for mention in row["expected"].split("; ")
        if mention
    }

    assert named <= {*FINDINGS, *ORGANS}


def test_the_challenges_reach_every_finding() -> None:
    text = " ".join(row["expected"] for row in rows("frozen.csv") + rows("challenge.csv"))

    assert [name for name in FINDINGS if f"{name}=" not in text] == []


@pytest.mark.parametrize(
    ("sentence", "certainty"),
    [
        ("Left effusion.", Certainty.DEFINITE),
        ("Probable left effusion.", Certainty.PROBABLE),
        ("No definite effusion.", Certainty.PROBABLE),
        ("No effusion.", Certainty.DEFINITE),
        ("Effusion cannot be excluded.", Certainty.POSSIBLE),
    ],
)
def test_a_statement_says_how_sure_it_is(sentence: str, certainty: Certainty) -> None:
    assert the_mention(sentence).certainty is certainty


@pytest.mark.parametrize(
    ("sentence", "zone"),
    [
        ("Nodule in the right apex.", "apical"),
        ("Left upper lobe consolidation.", "upper"),
        ("Right middle lobe atelectasis.", "mid"),
        ("Bibasilar atelectasis.", "base"),
        ("Perihilar opacity.", "hilar"),
        ("Opacity in the lower lung zone on the left.", "lower"),
        ("Pleural effusion.", ""),
        ("Degenerative changes of the lower thoracic spine.", ""),
    ],
)
def test_a_statement_says_its_zone_of_the_lung(sentence: str, zone: str) -> None:
    assert the_mention(sentence).zone == zone


def test_the_organ_of_a_finding_is_its_own() -> None:
    assert the_mention("Mild cardiomegaly.").organ == "heart"
    assert the_mention("The pleural spaces are clear.").organ == "pleura"


@pytest.mark.parametrize(
    ("sentence", "phrase"),
    [
        ("There is a small right pleural effusion.", "pleural effusion"),
        ("The heart is mildly enlarged.", "heart is mildly enlarged"),
        (
            "Blunting of the left costophrenic angle is seen.",
            "Blunting of the left costophrenic",
        ),
        ("Right upper lobe collapse.", "lobe collapse"),
    ],
)
def test_a_mention_lies_where_its_phrase_stands(sentence: str, phrase: str) -> None:
    mention = the_mention(sentence)

    assert sentence[mention.start : mention.end] == phrase


def test_a_repeated_statement_is_one_mention() -> None:
    mention = the_mention("Effusion, a small effusion on the left.")

    assert (mention.side, mention.severity) == (Side.LEFT, Severity.MILD)


ELSEWHERE = {
    "cardiomegaly.txt": {"the heart", "heart size", "cardiac size", "cardiac shadow"}
    | {"cardiac contour", "cardiac silhouette"},
    "lung_opacity.txt": {"peribronchial thickening", "wall thickening"},
}
"""Mention phrases that affirm nothing by themselves here, or lie outside the 37."""
WHOLE = {
    "opaci": "opacity",
    "atelecta": "atelectasis",
    "consolidat": "consolidation",
    "indistinctness": "indistinctness of the vasculature",
    "vascular prominence": "pulmonary vascular prominence",
    "infectious": "infectious process",
    "interstitial lung": "interstitial lung disease",
}
"""Stems of the list as whole words."""
CLASSES = {
    "atelectasis.txt": "Atelectasis",
    "cardiomegaly.txt": "Cardiomegaly",
    "consolidation.txt": "Consolidation",
    "edema.txt": "Edema",
    "lung_lesion.txt": "Lung Lesion",
    "lung_opacity.txt": "Lung Opacity",
    "pleural_effusion.txt": "Pleural Effusion",
    "pleural_other.txt": "Pleural Other",
    "pneumonia.txt": "Lung Opacity",
    "pneumothorax.txt": "Pneumothorax",
}


@pytest.mark.parametrize("name", CLASSES)
def test_every_mention_phrase_of_the_chexpert_labeler_is_recognised(data: Path, name: str) -> None:
    path = data / "text_chexpert_labeler" / "phrases" / "mention" / name
    phrases = {" ".join(line.split()) for line in path.read_text().splitlines() if line.strip()}

    unread = [
        phrase
        for phrase in sorted(phrases - ELSEWHERE.get(name, set()))
        if not any(one.finding for one in label(f"There is {WHOLE.get(phrase, phrase)}."))
    ]

    assert unread == []


@pytest.mark.parametrize("anatomy", sorted(ELSEWHERE["cardiomegaly.txt"]))
def test_the_heart_of_the_chexpert_labeler_is_recognised_by_its_state(anatomy: str) -> None:
    mention = the_mention(f"{anatomy} is enlarged.")

    assert load_ontology()[mention.finding].chexpert == "Cardiomegaly"


WORDS = sorted(
    {
        word
        for name in ("frozen.csv", "challenge.csv")
        for row in rows(name)
        for word in row["sentence"].split()
    }
)


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
@example("vs.")
@example("\N{COMBINING ACUTE ACCENT}\N{LATIN CAPITAL LETTER I WITH DOT ABOVE} no - effusion")
def test_no_sentence_is_too_odd_to_be_read(sentence: str) -> None:
    for mention in label(sentence):
        assert 0 <= mention.start < mention.end <= len(sentence)
        assert mention.organ in ORGANS
        assert (mention.polarity is Polarity.UNCERTAIN) == (mention.certainty is Certainty.POSSIBLE)


@given(st.text(alphabet="ab .;:?!1)(\n-X", max_size=60))
def test_splitting_loses_no_word_and_never_fails(report: str) -> None:
    joined = "".join("".join(split_sentences(report)).split())

    for letter in "abX":
        assert joined.count(letter) == report.count(letter)


@pytest.mark.parametrize(
    ("report", "sentences"),
    [
        ("Heart normal. Lungs clear.", ["Heart normal.", "Lungs clear."]),
        ("1. No effusion. 2. Cardiomegaly.", ["No effusion.", "Cardiomegaly."]),
        ("1) No effusion\n2) Cardiomegaly", ["No effusion", "Cardiomegaly"]),
        ("A 2.5 cm. nodule is seen. No mass.", ["A 2.5 cm. nodule is seen.", "No mass."]),
        ("It measures 3 cm. No effusion.", ["It measures 3 cm.", "No effusion."]),
        ("Pneumonia vs. atelectasis. Clear.", ["Pneumonia vs. atelectasis.", "Clear."]),
        ("Seen by Dr. Smith. Clear.", ["Seen by Dr. Smith.", "Clear."]),
        ("Opacity, e.g. pneumonia. Clear.", ["Opacity, e.g. pneumonia.", "Clear."]),
        ("Heart size XXXX. XXXX clear.", ["Heart size XXXX.", "XXXX clear."]),
        ("LV contour.Unfolded aorta.", ["LV contour.", "Unfolded aorta."]),
        ("No effusion; heart enlarged.", ["No effusion; heart enlarged."]),
        ("The lungs are\nclear.", ["The lungs are clear."]),
        ("- Clear lungs\n- No effusion", ["- Clear lungs", "- No effusion"]),
        ("Pneumonia? No.", ["Pneumonia?", "No."]),
        (" 3. . ", []),
    ],
)
def test_a_report_is_cut_into_its_sentences(report: str, sentences: list[str]) -> None:
    assert list(split_sentences(report)) == sentences


@pytest.mark.parametrize(
    "sentence",
    [
        "The effusion is unchanged.",
        "Stable cardiomegaly.",
        "No new infiltrate.",
        "Compared to the prior study, the heart is larger.",
        "Interval resolution of the effusion.",
        "The effusion has increased.",
        "Left effusion, increased since yesterday.",
        "Worsening edema.",
        "Heart size XXXX normal.",
        "Again seen is a nodule.",
    ],
)
def test_a_comparison_or_a_mark_of_de_identification_is_noticed(sentence: str) -> None:
    assert compares(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Increased interstitial markings.",
        "There is an area of increased density.",
        "Small left effusion.",
        "Degenerative changes of the spine.",
    ],
)
def test_a_plain_sentence_compares_with_nothing(sentence: str) -> None:
    assert not compares(sentence)


def test_a_phrase_with_alternatives_is_read_as_each() -> None:
    assert list(expand("(left|right|) apical (cap)")) == [
        "left apical cap",
        "right apical cap",
        "apical cap",
    ]
