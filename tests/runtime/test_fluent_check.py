"""Prose passes only where it says what its sentences say, no more and no less."""

import pytest

from radscr_edge.prose import Clause, Told
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_runtime.decoders.fluent_check import ProseError, check_prose

TOLD = (
    Told("effusion", "There is a small right pleural effusion."),
    Told("heart", "The heart is enlarged."),
    Told("doubt", "There may be a nodule in the left upper lung."),
    Told("clear", "There is no pneumothorax."),
)
FAITHFUL = (
    "There is a small right pleural effusion; the heart is enlarged. "
    "There may be a nodule in the left upper lung, and there is no pneumothorax."
)


def refusal(text, told=TOLD):
    with pytest.raises(ProseError) as caught:
        check_prose(text, told)
    return str(caught.value)


def test_joined_sentences_name_the_ids_that_they_came_from():
    prose = check_prose(FAITHFUL, TOLD)

    assert prose.text == FAITHFUL
    assert prose.clauses == (
        Clause(
            "There is a small right pleural effusion; the heart is enlarged.",
            ("effusion", "heart"),
        ),
        Clause(
            "There may be a nodule in the left upper lung, and there is no pneumothorax.",
            ("doubt", "clear"),
        ),
    )


def test_the_sentences_by_themselves_pass_each_with_its_own_id():
    prose = check_prose(" ".join(one.text for one in TOLD), TOLD)

    assert [one.sentence_ids for one in prose.clauses] == [(one.sentence_id,) for one in TOLD]


def test_two_denials_may_become_one_list():
    told = [Told("a", "There is no pneumothorax."), Told("b", "There is no pleural effusion.")]

    prose = check_prose("There is no pneumothorax or pleural effusion.", told)

    assert prose.clauses[0].sentence_ids == ("a", "b")


def test_what_a_fuller_sentence_says_already_need_not_be_said_twice():
    told = [Told("bare", "There is a pleural effusion."), TOLD[0]]

    prose = check_prose("There is a small right pleural effusion.", told)

    assert prose.clauses[0].sentence_ids == ("bare", "effusion")


TAMPERED = {
    "a lost finding": ("; the heart is enlarged", "", "'The heart is enlarged.' is left out"),
    "a lost denial": (", and there is no pneumothorax", "", "no pneumothorax.' is left out"),
    "a denial turned round": ("no pneumothorax", "pneumothorax", "pneumothorax, positive"),
    "an affirmation denied": ("is enlarged", "is not enlarged", "enlarged cardiac silhouette, neg"),
    "another side": ("right pleural", "left pleural", "pleural effusion, positive, definite, left"),
    "a lost side": ("small right", "small", "pleural effusion, positive, definite, mild"),
    "another size": ("small right", "large right", "pleural effusion, positive, definite, right"),
    "another zone": ("upper lung", "lower lung", "multiple masses/nodules|lung lesion|nodule"),
    "a dropped hedge": ("There may be a nodule", "There is a nodule", "positive, definite, left"),
    "a new hedge": ("the heart is", "the heart may be", "uncertain"),
    "an added finding": ("enlarged.", "enlarged. There is consolidation.", "consolidation"),
    "an added denial": ("enlarged.", "enlarged. There is no edema.", "hazy opacity, negative"),
    "an invented number": ("a nodule", "a 9 mm nodule", "the number '9'"),
    "an invented count": ("a nodule", "two nodule", "the word 'two'"),
    "an invented cause": ("effusion;", "effusion from beriberi;", "the word 'beriberi'"),
    "an invented sentence": ("enlarged.", "enlarged. Tubes unchanged.", "the word 'tubes'"),
    "joining words only": ("enlarged.", "enlarged. And it is as well.", "says nothing"),
}


@pytest.mark.parametrize("kind", TAMPERED)
def test_tampering_is_caught_and_told(kind):
    old, new, said = TAMPERED[kind]
    assert old in FAITHFUL

    told = refusal(FAITHFUL.replace(old, new))

    assert any(one in told for one in said.split("|")), told


def test_sides_of_two_findings_may_not_change_places():
    told = [
        Told("a", "There is a right pleural effusion."),
        Told("b", "There is a left pneumothorax."),
    ]

    said = refusal("There is a left pleural effusion and a right pneumothorax.", told)

    assert "left" in said or "right" in said


ZONED = (
    Told("a", "There is a 12 mm calcified nodule in the right upper zone."),
    Told("b", "There is a cyst of 5 mm in the left lower zone."),
)
MASSES = (
    Told("a", "There is a 12 mm nodule in the lung."),
    Told("b", "There is a 40 mm mass in the lung."),
)
AGES = (
    Told("a", "There is an acute rib fracture."),
    Told("b", "There is an old hilar calcification."),
)
COUNTS = (
    Told("a", "There are three rib fractures."),
    Told("b", "There are two lung nodules."),
)
CAUSED = (Told("a", "The heart is enlarged."), Told("b", "There is pulmonary edema."))
MOVED = {
    "sizes of two zones": (
        ZONED,
        "There is a 5 mm calcified nodule in the right upper zone, and there is a cyst of 12 mm "
        "in the left lower zone.",
    ),
    "sizes of nodule and mass": (
        MASSES,
        "There is a 40 mm nodule in the lung, and there is a 12 mm mass in the lung.",
    ),
    "ages": (
        AGES,
        "There is an old rib fracture, and there is an acute hilar calcification.",
    ),
    "counts": (COUNTS, "There are two rib fractures, and there are three lung nodules."),
    "a cause out of small words": (CAUSED, "The enlarged heart is of pulmonary edema."),
    "a cause by 'as'": (CAUSED, "There is pulmonary edema as the heart is enlarged."),
    "a cause by 'with'": (CAUSED, "The heart is enlarged with there is pulmonary edema."),
    "an apposition": (
        (Told("a", "There is a lung nodule."), Told("b", "There is a calcified granuloma.")),
        "There is a lung nodule, a calcified granuloma.",
    ),
    "a size after the other finding": (
        ZONED,
        "There is a cyst, and there is a 12 mm calcified nodule in the right upper zone of 5 mm "
        "in the left lower zone.",
    ),
    "two halves in two sentences": (
        ZONED,
        "There is a cyst. There is a 12 mm calcified nodule in the right upper zone, and of 5 mm "
        "in the left lower zone.",
    ),
    "a size within one sentence": (
        (Told("a", "There is a nodule of 12 mm and a cyst of 5 mm."),),
        "There is a nodule of 5 mm and a cyst of 12 mm.",
    ),
    "a size told by another sentence only": (
        (
            Told("a", "There is a nodule of 12 mm."),
            Told("b", "There is a nodule of 5 mm and a cyst of 12 mm."),
        ),
        "There is a nodule of 5 mm and a cyst of 12 mm.",
    ),
    "a denial that spreads": (
        (Told("a", "There is no pneumothorax."), Told("b", "There is no effusion on the right.")),
        "There is no pneumothorax or effusion on the right.",
    ),
    "a disjunction": (
        (Told("a", "There is a lung nodule."), Told("b", "There is a lung mass.")),
        "There is a lung nodule or there is a lung mass.",
    ),
    "a question": (CAUSED, "The heart is enlarged; there is pulmonary edema?"),
}


@pytest.mark.parametrize("kind", MOVED)
def test_nothing_moves_from_one_sentence_to_another(kind):
    told, text = MOVED[kind]

    assert "Its sentence" in refusal(text, told) or "is left out" in refusal(text, told)


@pytest.mark.parametrize("told", [ZONED, MASSES, AGES, COUNTS, CAUSED])
def test_the_same_sentences_pass_joined_and_in_any_order(told):
    first, second = (one.text.removesuffix(".") for one in reversed(told))
    joined = f"{first}, and {second[0].lower()}{second[1:]}."

    assert check_prose(joined, told).clauses == (Clause(joined, ("a", "b")),)


def test_three_plain_denials_may_become_one_list():
    names = ("pneumothorax", "pleural effusion", "consolidation")
    told = [Told(name, f"There is no {name}.") for name in names]

    prose = check_prose("There is no pneumothorax, pleural effusion, or consolidation.", told)

    assert prose.clauses[0].sentence_ids == names


def test_a_number_of_a_sentence_may_not_be_lost():
    told = [Told("a", "There is a lung nodule of 12 mm."), Told("b", "The heart is enlarged.")]

    assert "12" in refusal("There is a lung nodule. The heart is enlarged.", told)
    assert "15" in refusal("There is a lung nodule of 15 mm. The heart is enlarged.", told)


def test_a_sentence_that_the_labeler_cannot_read_must_stand_word_for_word():
    told = [Told("own", "Kuna maji kifuani."), Told("heart", "The heart is enlarged.")]

    prose = check_prose("Kuna maji kifuani. The heart is enlarged.", told)

    assert prose.clauses[0].sentence_ids == ("own",)
    assert "'kifuani'" in refusal("Kuna maji. The heart is enlarged.", told)


@pytest.mark.parametrize("text", ["", "...", "1. 2.", "The heart is enlarged. --- ."])
def test_what_is_no_prose_is_refused(text):
    refusal(text)


def test_every_sentence_of_the_library_passes_by_itself():
    sentences = [*load_sentences(Role.FINDING), *load_sentences(Role.NORMAL)][::7]

    for one in sentences:
        told = [Told(one.id, one.text)]
        assert check_prose(one.text, told).clauses == (Clause(one.text, (one.id,)),)
