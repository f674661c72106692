"""Translations say the same side, deny what is denied, and agree in gender and number."""

import re
from collections import Counter

import pytest

from radscr_edge.ontology import load_ontology
from radscr_edge.records import Polarity, Side
from radscr_edge.sentences import (
    LANGUAGES,
    has_slot,
    load_sentences,
    translated,
    translations,
    written_sentences,
)
from radscr_edge.sentences.tables import rows_of, tables_of
from radscr_edge.wording import Role

OTHERS = [one for one in LANGUAGES if one != "en"]
ENGLISH = {one.id: one for one in load_sentences()}


def words(text):
    """A pattern for any of these words; '*' stands for any ending."""
    listed = "|".join(
        re.escape(one).replace(r"\*", r"\w*") for one in text.replace("_", " ").split("/")
    )
    return re.compile(rf"\b(?:{listed})(?!\w)")


RIGHT = {
    "fr": words("droit/droits/droite/droites"),
    "es": words("derecho/derecha/derechos/derechas"),
    "pt": words("direito/direita/direitos/direitas"),
    "sw": words("kulia"),
}
LEFT = {
    "fr": words("gauche/gauches"),
    "es": words("izquierdo/izquierda/izquierdos/izquierdas"),
    "pt": words("esquerdo/esquerda/esquerdos/esquerdas"),
    "sw": words("kushoto"),
}
BOTH = {
    "fr": words(
        "bilatéra*/deux/bibasa*/bibasila*/biapica*/symétri*/double/chaque/chacun*/les hiles/"
        "de part et d'autre/diffus*"
    ),
    "es": words("bilatera*/ambos/ambas/dos/bibasa*/biapica*/cada"),
    "pt": words("bilatera*/ambos/ambas/dois/duas/bibasa*/biapica*/cada"),
    "sw": words("zote/mbili/yote/wote/mawili/vyote/viwili/miwili/kila"),
}
DENIED = {
    "fr": words(
        "pas/aucun*/absence/sans/ne/n/ni/non/indemne*/libre*/dépourvu*/exempt*/normal*/régul*/"
        "respect*/conserv*/préserv*/bien/fin*/centré*/médian*/rectiligne/habituel*/satisfaisant*/"
        "clair*/harmonieu*/en place/dans les limites"
    ),
    "es": words(
        "no/sin/ausente*/ausencia/ning*/ni/libre*/normal*/conservad*/dentro de los límites"
    ),
    "pt": words(
        "não/sem/ausente*/ausência/nenhum*/nem/livre*/norma*/preservad*/dentro dos limites"
    ),
    "sw": words("ha*/si*/bila/kawaida/safi/wala/huru/sawa"),
}


def ids_of(language, role=None):
    known = translations(language)
    return [one for one in load_sentences() if one.id in known and role in (None, one.role)]


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_ids_and_slots_of_the_library(language):
    english = {one.id: has_slot(one.text) for one in written_sentences()}
    rows = {
        row["id"]: has_slot(row["text"])
        for table in tables_of(language)
        if table != "frames"
        for row in rows_of(language, table)
    }

    assert set(rows) <= set(english)
    assert [key for key, slot in rows.items() if slot != english[key]] == []


def test_french_has_the_whole_library():
    assert set(translations("fr")) == set(ENGLISH)


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_normals_impressions_and_all_that_is_critical(language):
    critical = {one.name for one in load_ontology().findings if one.critical}
    needed = {
        one.id
        for one in load_sentences()
        if one.role in (Role.NORMAL, Role.IMPRESSION)
        or (one.role is Role.FINDING and one.finding in critical)
    }

    assert needed <= set(translations(language))


@pytest.mark.parametrize("language", OTHERS)
def test_two_hundred_sentences_of_other_findings_are_translated(language):
    critical = {one.name for one in load_ontology().findings if one.critical}
    others = [one for one in ids_of(language, Role.FINDING) if one.finding not in critical]

    assert len(others) >= 200


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_names_the_side_of_its_english_and_no_other(language):
    for one in ids_of(language):
        text = translations(language)[one.id].lower()
        named = {
            side
            for side, spoken in ((Side.RIGHT, RIGHT), (Side.LEFT, LEFT))
            if spoken[language].search(text)
        }
        # A middle lobe is a right one, in any language and without the word.
        if one.id.endswith((".right", ".left")):
            assert named == {one.side}, (one.id, text)
        elif not re.search(r"\b(right|left)\b", one.text.lower()):
            assert named == set(), (one.id, text)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_bilateral_where_its_english_is(language):
    for one in ids_of(language):
        if one.side is Side.BILATERAL:
            assert BOTH[language].search(translations(language)[one.id].lower()), one.id


@pytest.mark.parametrize("language", OTHERS)
def test_a_denial_stays_a_denial(language):
    for one in ids_of(language, Role.FINDING):
        if one.polarity is Polarity.NEGATIVE:
            assert DENIED[language].search(translations(language)[one.id].lower()), one.id


@pytest.mark.parametrize(
    ("language", "singular", "plural"),
    [
        (
            "fr",
            r"\b(le|la|un|une) [\w'-]+(?: [\w'-]+)? (droits|droites|gauches)\b",
            r"\b(les|des|deux) \w+s \w*[^sxz\W] (droit|droite|gauche)\b",
        ),
        (
            "es",
            r"\b(el|la|un|una) [\w-]+ (derech[oa]s|izquierd[oa]s)\b",
            r"\b(los|las|unos|unas) [\w-]+ (derech[oa]|izquierd[oa])\b",
        ),
        (
            "pt",
            r"\b(o|a|um|uma) [\w-]+ (direit[oa]s|esquerd[oa]s)\b",
            r"\b(os|as|uns|umas) [\w-]+ (direit[oa]|esquerd[oa])\b",
        ),
    ],
)
def test_side_words_agree_in_number(language, singular, plural):
    for key, text in translations(language).items():
        assert not re.search(singular, text.lower()), (key, text)
        assert not re.search(plural, text.lower()), (key, text)


@pytest.mark.parametrize(
    ("language", "pattern"),
    [
        ("fr", r"([\w-]+) (droits?|droites?)\b"),
        ("es", r"([\w-]+) (derechos?|derechas?)\b"),
        ("pt", r"([\w-]+) (direitos?|direitas?)\b"),
    ],
)
def test_a_noun_has_one_gender_in_all_sentences(language, pattern):
    """Whoever writes 'poumon droite' once is found by the hundred sentences that say 'droit'."""
    genders = {}
    for text in translations(language).values():
        for noun, side in re.findall(pattern, text.lower()):
            feminine = side.rstrip("s").endswith(("te", "a"))
            genders.setdefault(noun, Counter())[feminine] += 1
    mixed = {noun: count for noun, count in genders.items() if len(count) > 1}
    adjectives = re.compile(r"(aire|ique|ar|al|or|ante|ente|e|lar|nar|ial|il|ares|ales)$")

    assert {noun for noun in mixed if not adjectives.search(noun)} == set()


def test_a_translation_of_another_text_is_not_given():
    known = next(iter(translations("fr")))

    assert translated(known, ENGLISH[known].text, "fr") == translations("fr")[known]
    assert translated(known, "Reworded on site.", "fr") is None
    assert translated("unknown.id", "Anything.", "fr") is None
