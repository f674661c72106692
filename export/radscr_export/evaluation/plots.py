"""Plots of the evaluation page as inline SVG that takes its ink from the page around it."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK: Final = "#010203"
"""Stands for the page's own ink, light or dark; no plot uses this colour otherwise."""
OURS, OTHER, THIRD = "#2f7ed8", "#d9822b", "#8a8f98"
COLUMNS: Final = 6
Row = Mapping[str, Any]


def roc_grid(labels: Mapping[str, Row], title: str) -> str:
    """One small ROC curve per label."""
    figure, panels = _grid(len(labels))
    for axes, (name, row) in zip(panels, labels.items(), strict=False):
        curve = np.array(row["roc"])
        axes.plot([0, 1], [0, 1], color=THIRD, linewidth=0.7, linestyle=":")
        axes.plot(curve[:, 0], curve[:, 1], color=OURS, linewidth=1.4)
        _unit(axes, f"{_wrapped(name)}\n{row['auroc']['ours']['value']:.2f}")
    return _svg(figure, title)


def reliability_grid(labels: Mapping[str, Row]) -> str:
    """One small reliability curve per finding; points are bins of equally many films."""
    figure, panels = _grid(len(labels))
    for axes, (name, row) in zip(panels, labels.items(), strict=False):
        said = [point["said"] for point in row["curve"]]
        seen = [point["seen"] for point in row["curve"]]
        axes.plot([0, 1], [0, 1], color=THIRD, linewidth=0.7, linestyle=":")
        colour = OURS if row["verdict"] == "calibrated" else OTHER
        axes.plot(said, seen, color=colour, linewidth=1.2, marker="o", markersize=2.5)
        limit = max(0.1, 1.05 * max(*said, *seen))
        _unit(axes, _wrapped(name), limit)
    return _svg(figure, "Reliability curves")


def forest(
    rows: Mapping[str, Mapping[str, Row | None]], reach: tuple[float, float], title: str
) -> str:
    """Figures with intervals, one line a name, one colour a system (the first is ours)."""
    systems = list(next(iter(rows.values())))
    figure = Figure(figsize=(8.2, 0.8 + 0.34 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for place, system in enumerate(systems):
        shift = 0.22 * (place - (len(systems) - 1) / 2)
        _dots(axes, [row[system] for row in rows.values()], shift, (OURS, OTHER, THIRD)[place])
        axes.plot([], [], "o", color=(OURS, OTHER, THIRD)[place], label=system, markersize=4)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(*reach)
    axes.grid(axis="x", color=INK, alpha=0.12, linewidth=0.6)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, fontsize=8)
    return _svg(figure, f"{title}: {', '.join(systems)}")


def ablation_dots(variants: Mapping[str, Mapping[str, Row]], metric: str) -> str:
    """One metric of every variant with its interval, and the paper's figure where it is known."""
    rows = {name: row[metric] for name, row in variants.items() if metric in row}
    figure = Figure(figsize=(8.2, 0.8 + 0.3 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    _dots(axes, list(rows.values()), 0.0, OURS)
    paper = [(row["paper"], at) for at, row in enumerate(rows.values()) if row.get("paper")]
    axes.plot([x for x, _ in paper], [y for _, y in paper], "D", color=OTHER, markersize=4)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(f"{metric} (diamonds: the paper, on its own data)", fontsize=8)
    axes.grid(axis="x", color=INK, alpha=0.12, linewidth=0.6)
    return _svg(figure, f"Ablations: {metric}")


def _dots(axes: Axes, rows: Sequence[Row | None], shift: float, colour: str) -> None:
    for at, row in enumerate(rows):
        if row is None or row["value"] is None:
            continue
        if row["low"] is not None and row["high"] is not None:
            axes.plot([row["low"], row["high"]], [at + shift] * 2, color=colour, linewidth=1.3)
        axes.plot([row["value"]], [at + shift], "o", color=colour, markersize=4)


def _grid(count: int) -> tuple[Figure, list[Axes]]:
    lines = math.ceil(count / COLUMNS)
    figure = Figure(figsize=(1.72 * COLUMNS, 1.95 * lines), layout="constrained")
    panels = [figure.add_subplot(lines, COLUMNS, place + 1) for place in range(count)]
    return figure, panels


def _unit(axes: Axes, title: str, limit: float = 1.0) -> None:
    axes.set_xlim(0, limit)
    axes.set_ylim(0, limit)
    axes.set_aspect("equal")
    axes.set_title(title, fontsize=7)
    axes.tick_params(labelsize=6, length=2)
    axes.locator_params(nbins=3)


def _wrapped(name: str) -> str:
    return "\n".join(textwrap.wrap(name, 22))


def _svg(figure: Figure, title: str) -> str:
    """The figure as one <svg> element without a background, named for those who cannot see it."""
    style: Any = {"svg.fonttype": "none", "svg.hashsalt": "radscr", "font.family": "sans-serif"}
    for axes in figure.axes:
        axes.patch.set_alpha(0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(INK)
        axes.tick_params(color=INK, labelcolor=INK)
        axes.title.set_color(INK)
        axes.xaxis.label.set_color(INK)
        legend = axes.get_legend()
        for text in legend.get_texts() if legend else ():
            text.set_color(INK)
    stream = io.StringIO()
    with mpl.rc_context(style):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    drawing = stream.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace(INK, "currentColor")
    return drawing.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
