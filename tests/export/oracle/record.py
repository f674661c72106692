"""Records what medspaCy's ConText says of the challenge sentences, into verdicts.csv.

    python3 -m venv /tmp/oracle
    /tmp/oracle/bin/pip install spacy==3.8.18 "numpy>=2.1" pysbd==0.3.4 PyFastNER==1.0.10 \\
        quicksectx==0.4.1 jsonschema loguru nltk six Unidecode pysimstring medspacy_unqlite
    /tmp/oracle/bin/pip install --no-deps medspacy==1.3.1 medspacy_quickumls==3.2 PyRuSH==1.0.13
    PYTHONPATH=. /tmp/oracle/bin/python tests/export/oracle/record.py

The venv stands apart because medspaCy pins a spaCy that cannot be used with numpy 2; see
docs/decisions/0010. It loads no model and needs no network.
"""

from __future__ import annotations

import csv
from pathlib import Path

import medspacy.context
import spacy

from radscr_edge.labeler import label

HERE = Path(__file__).parent
CHALLENGES = HERE.parents[1] / "edge" / "labeler"
WITHOUT_CUE = ("normal state", "whole organ")
"""Rules whose sentences deny by naming a normal state, which ConText does not know."""


def main() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    context = medspacy.context.ConText(nlp)
    rows = []
    for name in ("frozen.csv", "challenge.csv"):
        with (CHALLENGES / name).open(encoding="utf-8", newline="") as stream:
            rows += [row for row in csv.DictReader(stream) if row["rule"] not in WITHOUT_CUE]
    with (HERE / "verdicts.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["id", "start", "end", "negated"])
        for row in rows:
            doc = nlp(row["sentence"])
            spans = {(one.start, one.end) for one in label(row["sentence"]) if one.finding}
            doc.ents = spacy.util.filter_spans(
                [doc.char_span(*span, "FINDING", alignment_mode="expand") for span in sorted(spans)]
            )
            for found in context(doc).ents:
                negated = int(found._.is_negated)
                writer.writerow([row["id"], found.start_char, found.end_char, negated])


if __name__ == "__main__":
    main()
