"""RadEval's metrics, through a stand-in of its interface (version 2) in a Python of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from radscr_edge.errors import TrainingError
from radscr_export.evaluation.card_reports import report_lines
from radscr_export.evaluation.rad_eval import RadEval, all_figures, rad_eval_figures, score
from radscr_export.evaluation.report_truth import SystemReports, Truth

STAND_IN = """
print("loading models")
class RadEval:
    def __init__(self, metrics, per_sample, show_progress):
        self.metrics = metrics
    def __call__(self, refs, hyps):
        return {
            f"{name}_words": [len(set(one.split()) & set(other.split())) / len(one.split())
                              for one, other in zip(refs, hyps)]
            for name in self.metrics
        }
"""
REFERENCES = ("no effusion", "big heart", "small left effusion", "clear lungs")
SAME, OTHER = REFERENCES, ("no effusion", "clear lungs", "effusion", "big heart")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RadEval:
    (tmp_path / "radeval.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return RadEval(Path(sys.executable), ("bleu", "radgraph"))


@pytest.fixture
def truth() -> Truth:
    abnormal = np.array([False, True, True, False])
    states = np.zeros((4, 37), np.int8)
    return Truth(tuple("abcd"), states, REFERENCES, abnormal, np.ones(4, np.bool_))


def test_every_text_gets_a_value_of_every_metric(asked: RadEval) -> None:
    found = score(asked, REFERENCES, OTHER)

    assert list(found) == ["bleu_words", "radgraph_words"]
    np.testing.assert_allclose(found["bleu_words"], [1, 0, 1 / 3, 0])


def test_systems_are_compared_on_every_subset_with_intervals(asked: RadEval, truth: Truth) -> None:
    systems = [SystemReports("ours", SAME), SystemReports("theirs", OTHER)]

    found = rad_eval_figures(asked, systems, truth)

    theirs = found["systems"]["theirs"]
    assert theirs["all"]["bleu_words"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert theirs["abnormal"]["bleu_words"]["value"] == pytest.approx(1 / 6, abs=1e-4)
    assert found["systems"]["ours"]["all"]["bleu_words"] == {"value": 1, "low": 1, "high": 1}
    assert found["differences"]["theirs"]["abnormal"]["bleu_words"]["excludes_zero"]


def test_figures_hold_none_of_it_where_nobody_asked(truth: Truth) -> None:
    assert "rad_eval" not in all_figures([SystemReports("ours", SAME)], truth, None)


def test_the_card_has_a_table_of_them(asked: RadEval, truth: Truth) -> None:
    reports = all_figures([SystemReports("ours", SAME)], truth, asked)

    told = {"retrieval": {"true_hypotheses": 0, "with_critiques": {}, "without_critiques": {}}}
    told |= {"grounding": {}, "contradictions": {}}

    table = "\n".join(report_lines({**reports, **told}))

    assert "Reports by RadEval, abnormal IU studies (2): means" in table
    assert "| ours | 1.000 (1.000 to 1.000) | 1.000 (1.000 to 1.000) |" in table


def test_figures_hold_no_text(asked: RadEval, truth: Truth) -> None:
    found = all_figures([SystemReports("ours", SAME)], truth, asked)

    assert "effusion small" not in str(found["rad_eval"])
    assert not any(one in str(found["rad_eval"]) for one in REFERENCES)


@pytest.mark.parametrize("name", ["crimson", "radgraph "])
def test_a_metric_that_would_send_texts_away_or_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(TrainingError, match="is no metric of RadEval that runs on this machine"):
        RadEval(Path(sys.executable), (name,))


@pytest.mark.parametrize(
    ("stand_in", "message"),
    [
        ("", "failed: ImportError: cannot import name 'RadEval'"),
        (STAND_IN.replace("return {", "return {} if True else {"), "gave no value a text"),
        ("raise OSError('no model')", "failed: OSError: no model"),
        ("import sys; sys.exit(0)", "failed: Expecting value"),
    ],
)
def test_what_radeval_cannot_do_is_told(
    stand_in: str, message: str, asked: RadEval, tmp_path: Path
) -> None:
    (tmp_path / "radeval.py").write_text(stand_in)

    with pytest.raises(TrainingError, match=message):
        score(asked, REFERENCES, OTHER)


def test_a_python_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none cannot be run \(No such file or directory\)"):
        score(RadEval(tmp_path / "none", ("bleu",)), REFERENCES, OTHER)
