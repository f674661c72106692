"""GGUF files that a clinic brought: a list by hash beside the untouched bundle."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from radscr_edge.contract import Bundle, Files
from radscr_edge.errors import DecoderError
from radscr_runtime.decoders.digests import digest_of_file
from radscr_runtime.decoders.gate import Verdict
from radscr_runtime.decoders.gguf_check import check_gguf
from radscr_runtime.decoders.process import Model
from radscr_runtime.sealed import path_beside, seal_of, write_sealed

FORMAT: Final = 3
SHIPPED: Final = "default"
"""Name of the bundle's own GGUF."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One GGUF; it stays where the clinic keeps it."""

    name: str
    path: str
    sha256: str
    on: str
    """Date on which it was added, ISO 8601."""
    verdict: Verdict | None = None
    """How it decided the decision set; None where that was not measured."""

    @property
    def passed(self) -> bool:
        """Whether it passed the gate on the questions that are asked today."""
        return self.verdict is not None and self.verdict.current and self.verdict.passed

    @property
    def measured(self) -> str:
        """What the report says of its decisions."""
        if self.verdict is None:
            return "its decisions were not measured"
        if not self.verdict.current:
            return "its decisions were not measured on the questions of this version"
        return f"it agrees with {self.verdict.right} of {self.verdict.count} decisions"


@dataclass(frozen=True, slots=True)
class SiteDecoders:
    """What was added, and which of it `judge` asks."""

    used: str = SHIPPED
    entries: tuple[Entry, ...] = ()

    def find(self, name: str) -> Entry:
        """The entry of that name; DecoderError where there is none."""
        for one in self.entries:
            if one.name == name:
                return one
        known = ", ".join([SHIPPED, *(one.name for one in self.entries)])
        raise DecoderError(f"No decoder is called {name!r}; there are: {known}.")


def decoders_path(bundle: Bundle) -> Path:
    """The file of a bundle's list; it lies beside the folder."""
    return path_beside(bundle, "site-decoders")


def load_decoders(bundle: Bundle) -> SiteDecoders:
    """The list of a bundle; DecoderError where its file is damaged or was altered."""
    path = decoders_path(bundle)
    if not path.is_file():
        return SiteDecoders()
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] < FORMAT:
            raise DecoderError(
                f"{path} was written by an older version, which measured otherwise. Remove it, "
                "and add the decoders again."
            )
        site = SiteDecoders(record["used"], tuple(map(_entry, record["entries"])))
        sound = record["format"] == FORMAT and record["digest"] == seal_of(asdict(site))
    except (KeyError, TypeError, ValueError) as problem:
        raise DecoderError(_damaged(path)) from problem
    if not sound:
        raise DecoderError(_damaged(path))
    return site


def add_decoder(bundle: Bundle, path: Path, name: str) -> Entry:
    """Records a checked GGUF under `name`, or its file's name; not used until `use_decoder`.

    Its decisions are not measured yet: see `record_verdict`.

    Raises DecoderError where the file is no sound GGUF of the family, or the name is taken.
    """
    name = name or path.stem
    site = load_decoders(bundle)
    check_gguf(path)
    if name == SHIPPED or any(one.name == name for one in site.entries):
        raise DecoderError(f"{name!r} is taken. Choose another: --name NAME.")
    if not NAME.fullmatch(name):
        raise DecoderError(
            f"{name!r} is no name: up to 60 letters, digits, dots, dashes. Choose: --name NAME."
        )
    today = datetime.now(UTC).date().isoformat()
    entry = Entry(name, str(path.resolve()), digest_of_file(path), today)
    _save(bundle, replace(site, entries=(*site.entries, entry)))
    return entry


def record_verdict(bundle: Bundle, name: str, verdict: Verdict) -> None:
    """Keeps how an added GGUF decided the decision set; DecoderError where it is unknown."""
    site = load_decoders(bundle)
    measured = replace(site.find(name), verdict=verdict)
    entries = tuple(measured if one.name == name else one for one in site.entries)
    _save(bundle, replace(site, entries=entries))


def use_decoder(bundle: Bundle, name: str) -> None:
    """Makes `judge` ask that GGUF from now on; DecoderError where it is unknown or unsound."""
    model_of(bundle, name)
    _save(bundle, replace(load_decoders(bundle), used=name))


def model_of(bundle: Bundle, name: str) -> Model:
    """A GGUF by name, checked and of the hash that was recorded.

    Raises DecoderError where it is unknown, missing, changed or unsound.
    """
    if name == SHIPPED:
        if not bundle.has_decoder:
            raise DecoderError("The bundle holds no language model.")
        path = bundle.path(Files.DECODER)
        return Model(path, bundle.decoder_digest, check_gguf(path))
    entry = load_decoders(bundle).find(name)
    path = Path(entry.path)
    gguf = check_gguf(path)
    if digest_of_file(path) != entry.sha256:
        raise DecoderError(
            f"{path.name} is not the file that was added as {name!r} on {entry.on}. "
            "Restore it, or add it under another name: radscr-edge decoder add."
        )
    return Model(path, entry.sha256, gguf)


def _save(bundle: Bundle, site: SiteDecoders) -> None:
    write_sealed(decoders_path(bundle), FORMAT, asdict(site))


def _entry(record: dict[str, Any]) -> Entry:
    verdict = record["verdict"] and Verdict(**record["verdict"])
    return Entry(**{**record, "verdict": verdict})


def _damaged(path: Path) -> str:
    return f"{path} is damaged or was altered. Remove it, and add the decoders again."
