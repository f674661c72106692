"""The parts of the page that explain: critique cards, withdrawn hypotheses, tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from radscr_runtime.outputs.text import status_of
from radscr_runtime.outputs.words import Words


def original(line: Mapping[str, Any], words: Words) -> str:
    """The English original beside a translated sentence, or a mark where there is none."""
    if line["original"] is None:
        return ""
    if not line["translated"]:
        return f' <span class="tag doubt">{escape(words.say("report", "untranslated"))}</span>'
    return f'<small class="original" lang="en">{escape(line["original"])}</small>'


def sentence_item(
    line: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
    numbers: Mapping[int, int],
    words: Words,
) -> str:
    """One sentence; with its number and critique card where it points at a region."""
    text, english = escape(line["text"]), original(line, words)
    title = f' title="{escape(words.say("card", "sentence"))} {escape(line["sentence_id"])}"'
    if line["place"] is None:
        said = words.say("where", "whole_chest") if line["source"] == "U" else ""
        tag = f'<span class="tag">{escape(said)}</span>' if said else ""
        tag += _status_tag(line, words)
        return f'<li class="plain"{title}><span>{text} {tag}{english}</span></li>'
    finding = findings[line["place"]]
    card = _card(finding, line["sentence_id"], finding["reason"], words)
    return (
        f'<li data-place="{line["place"]}"><details><summary{title}>'
        f'<b class="badge">{numbers[line["place"]]}</b>'
        f"<span>{text} {_tags(finding, line, words)}{english}</span>"
        f"{_why(words)}</summary>{card}</details></li>"
    )


def withdrawn_item(index: int, finding: Mapping[str, Any], words: Words) -> str:
    """A hypothesis that did not stand, with its reason; its card can be opened too."""
    name = escape(words.name(finding["finding"]).capitalize())
    card = _card(finding, finding["evidence"][0]["sentence_id"], "", words)
    return (
        f'<li data-place="{index}"><details><summary><b class="badge off"></b>'
        f"<span>{name} <small>{escape(finding['reason'])}</small></span>{_why(words)}</summary>"
        f"{card}</details></li>"
    )


def _why(words: Words) -> str:
    return f'<span class="more">{escape(words.say("card", "why"))}</span>'


def _tags(finding: Mapping[str, Any], line: Mapping[str, Any], words: Words) -> str:
    uncertain = words.say("where", "location_uncertain")
    zones = uncertain if finding["fallback"] else words.zones(finding["zones"])
    tags = [f'<span class="tag">{escape(zones)}</span>'] if zones else []
    tags.append(_status_tag(line, words))
    if finding["verdict"] in ("hedged", "cannot be excluded"):
        tags.append(f'<span class="tag doubt">{escape(words.say("where", "in_doubt"))}</span>')
    if line["lender"]:
        site = words.say("report", "on_site", lender=line["lender"])
        tags.append(f'<span class="tag doubt">{escape(site)}</span>')
    return "".join(tags)


def _status_tag(line: Mapping[str, Any], words: Words) -> str:
    said = status_of(line, words)
    return f'<span class="tag doubt">{escape(said)}</span>' if said else ""


def _card(finding: Mapping[str, Any], sentence_id: str, reason: str, words: Words) -> str:
    """The scores of the sentence, or of the best one where the report says it in other words."""
    scored = {one["sentence_id"]: one for one in finding["evidence"]}
    evidence = scored.get(sentence_id, finding["evidence"][0])
    rows = [*_scores(finding, evidence, words)]
    if finding["best_rival"]:
        rival = f"{words.name(finding['best_rival'])}, {finding['rival_score']:.3f}"
        rows.append(("rival", rival))
    if finding["donors"]:
        rows.append(("donors", ", ".join(finding["donors"])))
    rows.append(("sentence", sentence_id))
    if sentence_id not in scored:
        rows.append(("scores_of", evidence["sentence_id"]))
    items = "".join(
        f"<dt>{escape(words.say('card', name))}</dt><dd>{escape(value)}</dd>"
        for name, value in rows
    )
    said = f"<p>{escape(reason)}</p>" if reason else ""
    return f'<div class="card">{said}<dl>{items}</dl></div>'


def _scores(
    finding: Mapping[str, Any], evidence: Mapping[str, Any], words: Words
) -> Iterator[tuple[str, str]]:
    """Names and values of the scores that a sentence rests on."""
    probability, threshold = f"{finding['probability']:.3f}", f"{finding['threshold']:.3f}"
    value = words.say("card", "value", probability=probability, threshold=threshold)
    yield "probability" if finding["calibrated"] else "score", value
    yield "similarity", f"{evidence['similarity']:.3f}"
    yield "abnormalities", f"{evidence['abnormality_score']:.3f}"
    yield "images", f"{evidence['image_score']:.3f}"
    score, margin = f"{evidence['score']:.3f}", f"{finding['margin']:+.3f}"
    yield "critique", words.say("card", "margin", score=score, margin=margin)
    yield "rank", str(evidence["rank_without_critique"])


def missed_table(missed: Sequence[Mapping[str, Any]], words: Words) -> Iterator[str]:
    """What C_Neg brought up, and what became of it."""
    yield from _head(("sentence", "decision", "by"), ("score",), words)
    for one in missed:
        by = words.say("rule", one["decided_by"].removeprefix("rule: "))
        if one["log_odds"] is not None:
            by += ", " + words.say("table", "log_odds", odds=f"{one['log_odds']:+.2f}")
        kept = words.say("table", "kept" if one["kept"] else "dropped")
        said = escape(one["text"]) + original(one, words)
        yield f"<tr><td>{said}</td><td>{escape(kept)}</td><td>{escape(by)}</td>"
        yield f'<td class="number">{one["score"]:.3f}</td></tr>'
    yield "</table>"


def _head(texts: Sequence[str], numbers: Sequence[str], words: Words) -> Iterator[str]:
    yield "<table><tr>"
    for name in texts:
        yield f"<th>{escape(words.say('table', name)) if name else ''}</th>"
    for name in numbers:
        yield f'<th class="number">{escape(words.say("table", name))}</th>'
    yield "</tr>"


def hypotheses_table(hypotheses: Sequence[Mapping[str, Any]], words: Words) -> Iterator[str]:
    """All abnormalities, the nearest to their thresholds first; every bar has its own scale."""
    ordered = sorted(hypotheses, key=lambda one: -_share(one))
    yield from _head(("abnormality", "", "statement", "status"), ("score", "threshold"), words)
    for one in ordered:
        present = ' class="present"' if one["presence"] == "present" else ""
        width = min(100.0, 50.0 * _share(one))
        bar = f'<span class="bar"><i style="width:{width:.1f}%"></i><b></b></span>'
        number = f"{one['probability']:.3f}" + ("" if one["calibrated"] else "*")
        yield f"<tr{present}><td>{escape(words.name(one['finding']))}</td><td>{bar}</td>"
        yield f"<td>{escape(words.say('presence', one['presence']))}</td>"
        yield f"<td>{escape(words.say('status', one['status']))}</td>"
        yield f'<td class="number">{number}</td>'
        yield f'<td class="number">{one["threshold"]:.3f}</td></tr>'
    yield f'</table><p class="limits">{escape(words.say("table", "tick"))} '
    yield f"{escape(words.say('table', 'uncalibrated'))}</p>"


def _share(hypothesis: Mapping[str, Any]) -> float:
    """The probability in units of its threshold."""
    return float(hypothesis["probability"]) / max(float(hypothesis["threshold"]), 1e-6)


def timing_table(timing: Mapping[str, float], words: Words) -> Iterator[str]:
    """Milliseconds by stage."""
    yield from _head(("stage",), ("milliseconds",), words)
    for name, seconds in timing.items():
        yield f'<tr><td>{escape(name)}</td><td class="number">{1000 * seconds:.1f}</td></tr>'
    yield "</table>"
