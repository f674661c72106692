"""How fast the report labeler reads, beside regular expressions and, where installed, medspaCy.

`python benchmarks/labeler.py`: one process, one thread, made sentences. Prints a table in Markdown.
"""

from __future__ import annotations

import importlib.util
import random
import re
import time
from collections.abc import Callable, Sequence

from radscr_edge.labeler import label
from radscr_edge.labeler.lexicon import Kind, lexicon
from radscr_edge.ontology import load_ontology

SENTENCES = 4_000
TURNS = 5
SEED = 0
NEGATION = re.compile(r"\b(no|not|without|negative for|free of|absence of|resolved)\b")
HEDGE = re.compile(r"\b(may|might|could|possible|probable|versus|cannot be excluded|or)\b")

FRAMES = (
    "There is a {degree} {side} {finding}.",
    "No {finding}, {finding} or {finding} is seen.",
    "{side} {finding} may represent {finding}.",
    "The {organ} is normal, without {finding}.",
    "Stable {degree} {finding} in the {side} lower lobe, no {finding}.",
    "{finding} cannot be excluded, but there is no {side} {finding}.",
    "Two views of the chest were obtained.",
)


def main() -> None:
    """Prints sentences per second and the ratio to ours."""
    sentences = made(random.Random(SEED))
    ours = speed(label, sentences)
    print("| reader | sentences a second | ours / theirs |\n|---|---|---|")
    print(f"| ours: phrases, context, sides, severities | {ours:,.0f} | 1.0 |")
    for name, read in others():
        theirs = speed(read, sentences)
        print(f"| {name} | {theirs:,.0f} | {ours / theirs:.1f} |")


def made(rng: random.Random) -> list[str]:
    """Sentences of every length and of every finding."""
    phrases = [name.partition("/")[0] for name in load_ontology().names]
    words = {
        "degree": ("small", "mild", "large"),
        "side": ("right", "left", "bilateral"),
        "organ": ("heart", "mediastinum", "aorta"),
    }
    sentences = []
    for _ in range(SENTENCES):
        frame = rng.choice(FRAMES)
        while slot := re.search(r"\{(\w+)\}", frame):
            word = rng.choice(words.get(slot[1], phrases))
            frame = frame.replace(slot[0], word, 1)
        sentences.append(frame)
    return sentences


def speed(read: Callable[[str], object], sentences: Sequence[str]) -> float:
    """Sentences a second: the best of several turns, after one that warms up."""
    best = 0.0
    for turn in range(TURNS + 1):
        begun = time.perf_counter()
        for one in sentences:
            read(one)
        if turn:
            best = max(best, len(sentences) / (time.perf_counter() - begun))
    return best


def others() -> list[tuple[str, Callable[[str], object]]]:
    """What stands beside ours."""
    rivals = [("a regular expression a phrase, no sides", patterns())]
    if importlib.util.find_spec("medspacy"):
        rivals.append(("medspaCy: target rules and ConText, no sides", medspacy_reader()))
    return rivals


def patterns() -> Callable[[str], object]:
    """The predecessor's way: every phrase tried by itself, denials sought before it."""
    phrases = [name.partition("/")[0] for name in known_phrases()]
    compiled = [re.compile(rf"\b{re.escape(phrase)}\b") for phrase in phrases]

    def read(sentence: str) -> list[tuple[int, str]]:
        lower, found = sentence.lower(), []
        for phrase, pattern in zip(phrases, compiled, strict=True):
            for match in pattern.finditer(lower) if phrase in lower else ():
                denied = NEGATION.search(lower[: match.start()])
                hedged = HEDGE.search(lower)
                found.append((match.start(), "no" if denied else "maybe" if hedged else "yes"))
        return found

    return read


def known_phrases() -> list[str]:
    """The findings' phrases, 250 of them: as many as the predecessor had."""
    return [" ".join(words) for words, entry in lexicon().items() if entry.kind is Kind.FINDING][
        :250
    ]


def medspacy_reader() -> Callable[[str], object]:
    """A blank pipeline: nothing but phrases and context."""
    import medspacy  # noqa: F401, PLC0415  no dependency: see docs/decisions/0010
    import spacy  # noqa: PLC0415
    from medspacy.target_matcher import TargetRule  # noqa: PLC0415

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    matcher = pipeline.add_pipe("medspacy_target_matcher")
    matcher.add([TargetRule(phrase, "FINDING") for phrase in known_phrases()])
    pipeline.add_pipe("medspacy_context")
    return lambda sentence: [
        (one.text, one._.is_negated, one._.is_uncertain) for one in pipeline(sentence).ents
    ]


if __name__ == "__main__":
    main()
