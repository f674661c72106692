"""The parts of the page that explain: critique cards, withdrawn hypotheses, tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

TAGS = {"U": "check for missed findings, whole chest"}
WHY = '<span class="more">why?</span>'


def sentence_item(
    line: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], numbers: Mapping[int, int]
) -> str:
    """One sentence; with its number and critique card where it points at a region."""
    text = escape(line["text"])
    title = f' title="library sentence {escape(line["sentence_id"])}"'
    if line["place"] is None:
        said = TAGS.get(line["source"], "")
        tag = f'<span class="tag">{said}</span>' if said else ""
        return f'<li class="plain"{title}><span>{text} {tag}</span></li>'
    finding = findings[line["place"]]
    return (
        f'<li data-place="{line["place"]}"><details><summary{title}>'
        f'<b class="badge">{numbers[line["place"]]}</b><span>{text} {_tags(finding)}</span>'
        f"{WHY}</summary>{_card(finding, line['sentence_id'], finding['reason'])}</details></li>"
    )


def withdrawn_item(index: int, finding: Mapping[str, Any]) -> str:
    """A hypothesis that did not stand, with its reason; its card can be opened too."""
    name = escape(finding["finding"].capitalize())
    return (
        f'<li data-place="{index}"><details><summary><b class="badge off"></b>'
        f"<span>{name} <small>{escape(finding['reason'])}</small></span>{WHY}</summary>"
        f"{_card(finding, finding['evidence'][0]['sentence_id'])}</details></li>"
    )


def _tags(finding: Mapping[str, Any]) -> str:
    zones = "location uncertain" if finding["fallback"] else ", ".join(finding["zones"])
    tags = [f'<span class="tag">{escape(zones)}</span>'] if zones else []
    if finding["verdict"] == "cannot be excluded":
        tags.append('<span class="tag doubt">in doubt</span>')
    return "".join(tags)


def _card(finding: Mapping[str, Any], sentence_id: str, reason: str = "") -> str:
    """The scores of the sentence, or, under a hedge, of the best sentence that did not survive."""
    scored = {one["sentence_id"]: one for one in finding["evidence"]}
    evidence = scored.get(sentence_id, finding["evidence"][0])
    kind = "Probability" if finding["calibrated"] else "Score (not a calibrated probability)"
    rows = [
        (kind, f"{finding['probability']:.3f}, threshold {finding['threshold']:.3f}"),
        ("Sentence against this region", f"{evidence['similarity']:.3f}"),
        ("Critique: other abnormalities here", f"{evidence['abnormality_score']:.3f}"),
        ("Critique: other patients here", f"{evidence['image_score']:.3f}"),
        ("Score after critique", f"{evidence['score']:.3f}, margin {finding['margin']:+.3f}"),
        ("Rank before critique", str(evidence["rank_without_critique"])),
    ]
    if finding["best_rival"]:
        rows.append(("Strongest rival", f"{finding['best_rival']}, {finding['rival_score']:.3f}"))
    if finding["donors"]:
        rows.append(("Films of other patients", ", ".join(finding["donors"])))
    rows.append(("Library sentence", sentence_id))
    if sentence_id not in scored:
        rows.append(("Scores are those of", evidence["sentence_id"]))
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    said = f"<p>{escape(reason)}</p>" if reason else ""
    return f'<div class="card">{said}<dl>{items}</dl></div>'


def missed_table(missed: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What C_Neg brought up, and what became of it."""
    yield "<table><tr><th>Sentence</th><th>Decision</th><th>By</th>"
    yield '<th class="number">Score</th></tr>'
    for one in missed:
        by = one["decided_by"].removeprefix("rule: ")
        if one["log_odds"] is not None:
            by += f", log odds {one['log_odds']:+.2f}"
        kept = "kept" if one["kept"] else "dropped"
        yield f"<tr><td>{escape(one['text'])}</td><td>{kept}</td><td>{escape(by)}</td>"
        yield f'<td class="number">{one["score"]:.3f}</td></tr>'
    yield "</table>"


def hypotheses_table(hypotheses: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """All abnormalities, the nearest to their thresholds first; every bar has its own scale."""
    ordered = sorted(hypotheses, key=lambda one: -_share(one))
    yield '<table><tr><th>Abnormality</th><th></th><th class="number">Score</th>'
    yield '<th class="number">Threshold</th><th>Statement</th></tr>'
    for one in ordered:
        present = ' class="present"' if one["presence"] == "present" else ""
        width = min(100.0, 50.0 * _share(one))
        bar = f'<span class="bar"><i style="width:{width:.1f}%"></i><b></b></span>'
        number = f"{one['probability']:.3f}" + ("" if one["calibrated"] else "*")
        yield f"<tr{present}><td>{escape(one['finding'])}</td><td>{bar}</td>"
        yield f'<td class="number">{number}</td><td class="number">{one["threshold"]:.3f}</td>'
        yield f"<td>{escape(one['presence'])}</td></tr>"
    yield '</table><p class="limits">The tick in the middle of each bar is its threshold. '
    yield "* not calibrated: too few cases stand behind the number.</p>"


def _share(hypothesis: Mapping[str, Any]) -> float:
    """The probability in units of its threshold."""
    return float(hypothesis["probability"]) / max(float(hypothesis["threshold"]), 1e-6)


def timing_table(timing: Mapping[str, float]) -> Iterator[str]:
    """Milliseconds by stage."""
    yield '<table><tr><th>Stage</th><th class="number">ms</th></tr>'
    for name, seconds in timing.items():
        yield f'<tr><td>{escape(name)}</td><td class="number">{1000 * seconds:.1f}</td></tr>'
    yield "</table>"
