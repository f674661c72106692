"""Loads the abnormalities of findings.toml and answers questions about their hierarchy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from radscr_edge.errors import LibraryError

ORGANS = ("lung", "pleura", "heart", "mediastinum", "bone", "diaphragm/abdomen")
"""The six organs of CE-Organ, in the order in which a report speaks of them."""


@dataclass(frozen=True, slots=True)
class FindingType:
    """One abnormality as the field names it (Chest ImaGenome)."""

    name: str
    organ: str
    also: tuple[str, ...]
    """Further organs whose normality it denies."""
    parents: tuple[str, ...]
    entails: tuple[str, ...]
    related: tuple[str, ...]
    critical: bool
    diffuse: bool
    directed: bool
    """Whether its side is a direction, of which there can be only one."""
    chexpert: str
    nih: tuple[str, ...]
    vindr: tuple[str, ...]

    @property
    def organs(self) -> tuple[str, ...]:
        """Every organ that is not normal where the finding is positive."""
        return (self.organ, *self.also)


@dataclass(frozen=True)
class Ontology:
    """All abnormalities in network order, with the relations between them."""

    findings: tuple[FindingType, ...]

    def __getitem__(self, name: str) -> FindingType:
        return self.findings[self.index(name)]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The N names in network order."""
        return tuple(finding.name for finding in self.findings)

    def index(self, name: str) -> int:
        """Column of a finding; LibraryError if the ontology has no such name."""
        if name not in self._columns:
            raise LibraryError(
                f"{name!r} is no finding of the ontology; see findings.toml for the names."
            )
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.names)}

    def ancestors(self, name: str) -> frozenset[str]:
        """All that a positive `name` makes positive: parents and entailed findings, upwards."""
        finding = self[name]
        above = set(finding.parents) | set(finding.entails)
        for parent in tuple(above):
            above |= self.ancestors(parent)
        return frozenset(above)

    def descendants(self, name: str) -> frozenset[str]:
        """Everything that a negative `name` makes negative."""
        return frozenset(other for other in self.names if name in self.ancestors(other))

    def kin(self, name: str) -> frozenset[str]:
        """What must never serve as a critique of `name`: itself, its line and its relations."""
        related = {other for other in self.names if name in self[other].related}
        return (
            self.ancestors(name)
            | self.descendants(name)
            | related
            | set(self[name].related)
            | {name}
        )

    def roll_up(self, positives: Iterable[str]) -> frozenset[str]:
        """The positives with all their ancestors."""
        names = frozenset(positives)
        return names.union(*(self.ancestors(name) for name in names))

    def roll_down(self, negatives: Iterable[str]) -> frozenset[str]:
        """The negatives with all their descendants."""
        names = frozenset(negatives)
        return names.union(*(self.descendants(name) for name in names))


def _finding(row: dict[str, object]) -> FindingType:
    def names(key: str) -> tuple[str, ...]:
        values = row.get(key, [])
        return tuple(str(value) for value in values) if isinstance(values, list) else ()

    return FindingType(
        name=str(row["name"]),
        organ=str(row["organ"]),
        also=names("also"),
        parents=names("parents"),
        entails=names("entails"),
        related=names("related"),
        critical=bool(row.get("critical", False)),
        diffuse=bool(row.get("diffuse", False)),
        directed=bool(row.get("directed", False)),
        chexpert=str(row.get("chexpert", "")),
        nih=names("nih"),
        vindr=names("vindr"),
    )


@cache
def load_ontology() -> Ontology:
    """The ontology shipped with the package (source: method section 4)."""
    text = files("radscr_edge.ontology").joinpath("findings.toml").read_text(encoding="utf-8")
    return Ontology(tuple(_finding(row) for row in tomllib.loads(text)["finding"]))


FINDINGS: tuple[str, ...] = load_ontology().names
"""The 37 names in network order."""
