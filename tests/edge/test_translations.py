"""Translations say the same side, deny what is denied, and agree in gender and number."""

import re
from collections import Counter

import pytest

from radscr_edge.ontology import load_ontology
from radscr_edge.records import Polarity, Role, Side
from radscr_edge.sentences import (
    LANGUAGES,
    has_slot,
    load_sentences,
    translated,
    translations,
    written_sentences,
)
from radscr_edge.sentences.tables import rows_of, tables_of

OTHERS = [one for one in LANGUAGES if one != "en"]
ENGLISH = {one.id: one for one in load_sentences()}
RIGHT = {"fr": r"\bdroit(e|s|es)?\b", "es": r"\bderech[oa]s?\b", "pt": r"\bdireit[oa]s?\b", "sw": r"\bkulia\b"}
LEFT = {"fr": r"\bgauches?\b", "es": r"\bizquierd[oa]s?\b", "pt": r"\besquerd[oa]s?\b", "sw": r"\bkushoto\b"}
BOTH = {
    "fr": r"\b(bilatéra\w+|deux|double|bibasa\w+|symétri\w+|chaque|chacun\w*|biapica\w+|part et d'autre|les hiles|diffus\w*|bibasila\w+)\b",
    "es": r"\b(bilatera\w+|amb[oa]s|dos|bibasa\w+|cada|biapica\w+)\b",
    "pt": r"\b(bilatera\w+|amb[oa]s|dois|duas|bibasa\w+|cada|biapica\w+)\b",
    "sw": r"\b(zote|mbili|yote|wote|miwili|kila|mawili|vyote|viwili)\b",
}
DENIED = {
    "fr": r"\b(pas|aucune?s?|absence|sans|ne|n|ni|indemnes?|libres?|dépourvue?s?|exempte?s?|normal\w*|régul\w+|respect\w+|conserv\w+|en place|fins?|bien|non|préserv\w+|dans les limites|harmonieu\w+|rectiligne|centrée?|médiane?|habituel\w*|satisfaisant\w*|clairs?|médian)\b",
    "es": r"\b(no|sin|ausencia|ning[úu]n\w*|ni|libres?|normal\w*|conservad\w+|dentro de los límites)\b",
    "pt": r"\b(não|sem|ausência|nenhum\w*|nem|livres?|norma\w+|preservad\w+|dentro dos limites)\b",
    "sw": r"\b(ha\w+|si\w*|bila|kawaida|hakuna|safi|wala|huru|sawa|haku\w+)\b",
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
            for side, words in ((Side.RIGHT, RIGHT), (Side.LEFT, LEFT))
            if re.search(words[language], text)
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
            assert re.search(BOTH[language], translations(language)[one.id].lower()), one.id


@pytest.mark.parametrize("language", OTHERS)
def test_a_denial_stays_a_denial(language):
    for one in ids_of(language, Role.FINDING):
        if one.polarity is Polarity.NEGATIVE:
            assert re.search(DENIED[language], translations(language)[one.id].lower()), one.id


@pytest.mark.parametrize(
    ("language", "singular", "plural"),
    [
        ("fr", r"\b(le|la|un|une) [\w'-]+(?: [\w'-]+)? (droits|droites|gauches)\b", r"\b(les|des|deux) \w+s \w*[^sxz\W] (droit|droite|gauche)\b"),
        ("es", r"\b(el|la|un|una) [\w-]+ (derech[oa]s|izquierd[oa]s)\b", r"\b(los|las|unos|unas) [\w-]+ (derech[oa]|izquierd[oa])\b"),
        ("pt", r"\b(o|a|um|uma) [\w-]+ (direit[oa]s|esquerd[oa]s)\b", r"\b(os|as|uns|umas) [\w-]+ (direit[oa]|esquerd[oa])\b"),
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
    for key, text in translations(language).items():
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
