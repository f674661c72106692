"""THE contract between export and runtime: what a bundle holds, under which names and digests.

Only `Bundle.save` and `Bundle.open` touch bundle.json; no other module spells a file name, a tensor
name, a label or a threshold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from radscr_edge.claims import Profile, Status, Support, Thresholds
from radscr_edge.errors import BundleError
from radscr_edge.ontology import FINDINGS

FORMAT: Final = 3
MANIFEST: Final = "bundle.json"
NOT_STORED: Final = ("folder", "digest", "decoder_digest")
"""Fields of a Bundle that follow from where it lies and from its other files."""


class Tensors:
    """Names of the tensors of the graphs."""

    IMAGE: Final = "image"
    """vision in: (1, 1, S, S) uint8, the letter-boxed radiograph."""
    FEATURES: Final = "features"
    """vision out: V, (P, D) float32."""
    LOGITS: Final = "logits"
    """vision out: (N,) float32."""
    SALIENCY: Final = "saliency"
    """vision out: W, (N, P) float32, >= 0."""
    GRIDS: Final = "grids"
    """proposal in: (G, P, D) float32: V of the study first, then the donors'."""
    GRID_OF_ROW: Final = "grid_of_row"
    """proposal in: (R,) int64: which grid a row looks at."""
    REGIONS: Final = "regions"
    """proposal in: (R, P) float32 in [0, 1]: B_m of the row."""
    CONCEPTS: Final = "concepts"
    """proposal in: (R, N + 1) float32: weights over E, rows sum to 1, background last."""
    STATES: Final = "states"
    """sentence in: (B, T, width) float32, token states of the frozen text encoder."""
    MASK: Final = "mask"
    """sentence in: (B, T) bool, True for tokens."""
    ABOUT: Final = "about"
    """sentence in: (B,) int64, column of the finding that each sentence is read for."""
    VECTORS: Final = "vectors"
    """proposal out: (R, d), sentence out: (B, d), float32 of unit length."""


class Files:
    """Names of the files of a bundle."""

    VISION: Final = {"fp32": "vision.fp32.onnx", "int8": "vision.int8.onnx"}
    PROPOSAL: Final = "proposal.onnx"
    SENTENCE: Final = "sentence.onnx"
    """Sentence head: never used to read a study; with it a library is embedded for this bundle."""
    SENTENCES: Final = "sentences.json"
    """Rows of records.Sentence: those with a vector first, in the order of the vectors."""
    VECTORS: Final = "library.npz"
    """'sentence' s (L, d), 'prototype' o (N, K, d), both float32."""
    INDEX: Final = "library.hnsw"
    """hnswlib index, space 'ip', over f = s + alpha1 o; label = row of the sentence."""
    DONORS: Final = "donors.npz"
    """'features' (n, P, D) float16; 'states' (n, N) int8: 1 positive, 0 negative, -1 unknown;
    'view' (n,) str: 'PA' or 'AP'; 'id' (n,) str."""
    DECODER: Final = "decoder.gguf"
    GOLDEN: Final = "golden.npz"
    """'image' (n, 1, S, S) uint8 and per variant 'logits.<variant>' (n, N) float32."""
    CARD: Final = "README.md"


@dataclass(frozen=True, slots=True)
class Shapes:
    """Sizes that the graphs were exported with."""

    image_size: int
    """S, side of the network input in pixels."""
    side: int
    """Patches per side of the grid; P = side * side."""
    feature_width: int
    """D."""
    vector_width: int
    """d."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The method's constants (method section 1 and 6); tuned on validation data at export."""

    alpha1: float
    """Weight of the prototype in sigma."""
    alpha2: float
    """Discount of the critiques in sigma~."""
    alternatives: int
    """N_p."""
    sentences_per_finding: int
    """M, sentences of Q per hypothesis."""
    supplements: int
    """Most sentences of U."""
    supplement_score: float
    """Least sigma(C_Neg, s) of a sentence of U."""
    supplement_share: float
    """Least p / threshold of a finding that U may mention."""
    rival_margin: float
    """A rival that beats a hypothesis by more than this withdraws it."""
    side_share: float
    """Least share of saliency on one side for a side word."""
    saliency_high: float
    """Objectness: a component must reach this share of the map's maximum..."""
    saliency_low: float
    """...and extends over patches above this share of it."""


@dataclass(frozen=True, slots=True)
class FindingRule:
    """How the logit of one finding becomes a statement, for one network variant."""

    slope: float
    intercept: float
    """probability = sigmoid(slope * logit + intercept)."""
    calibrated: bool
    """Whether that may be shown as a probability."""
    thresholds: Mapping[Profile, Thresholds]
    """Where it is hedged and where affirmed, for every profile."""
    denied: float | None
    """Probability below which it is denied; None: a negative is not supported ('not assessed')."""
    withdraw: float
    """tau_w: least discounted score sigma~ of its best sentence."""
    support: Support
    status: Status
    """The status of `support`, spelled out for whoever reads the manifest."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One numeric form of the vision network with its own calibration."""

    name: str
    """'int8' or 'fp32'."""
    tolerance: float
    """Largest difference of a golden logit that another machine may show."""
    rules: Mapping[str, FindingRule]
    """Per finding name, all N."""
    least_detail: float = 0.0
    """Films whose features show less detail than this are no films: nothing is asserted of them."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified folder of everything that reading needs."""

    folder: Path
    name: str
    preset: str
    created: str
    licence: str
    findings: tuple[str, ...]
    shapes: Shapes
    settings: Settings
    variants: Mapping[str, Variant]
    """Preferred variant first."""
    decoder: str
    """What `auto` means: 'plain' or 'judge'."""
    has_decoder: bool
    """Whether a GGUF model is part of the bundle."""
    text_encoder: str
    """SHA-256 of the weights of the text encoder that the sentence head was trained on."""
    training: Mapping[str, Any]
    """Everything that made it: data, seeds, versions, figures. For people; of all that, reading
    needs only on which questions the decoder was measured."""
    digest: str = ""
    """SHA-256 of bundle.json."""
    decoder_digest: str = ""
    """SHA-256 of the GGUF; empty where there is none."""

    def path(self, name: str) -> Path:
        """Where a file of `Files` lies."""
        return self.folder / name

    def save(self) -> Bundle:
        """Writes bundle.json over what lies in the folder; returns it as `open` gives it."""
        files = {
            path.name: {"sha256": sha256_of(path), "bytes": path.stat().st_size}
            for path in sorted(self.folder.iterdir())
            if path.name != MANIFEST
        }
        record = {key: value for key, value in asdict(self).items() if key not in NOT_STORED}
        record = {"format": FORMAT, **record, "files": files}
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        (self.folder / MANIFEST).write_text(text, encoding="utf-8")
        return Bundle.open(self.folder)

    @classmethod
    def open(cls, folder: Path | str) -> Bundle:
        """Verifies every file's digest, then reads the manifest.

        Raises BundleError where the folder is no bundle, is of another format, lacks a file, holds
        one that the manifest does not name, or where any file differs from its digest.
        """
        folder = Path(folder)
        record, digest = _read_manifest(folder)
        try:
            _verify(folder, record["files"])
            bundle = _build(folder, record, digest)
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise BundleError(
                f"{folder / MANIFEST}: field {problem} is missing or unknown. "
                "Build the bundle again."
            ) from problem
        ruled = [set(variant.rules) == set(FINDINGS) for variant in bundle.variants.values()]
        if bundle.findings != FINDINGS or not all(ruled):
            raise BundleError(
                f"{folder}: its findings are not those of this program. "
                "Install the matching version."
            )
        return bundle


def rule_of(record: Mapping[str, Any]) -> FindingRule:
    """The rule that `asdict` made `record` of; KeyError, TypeError or ValueError where none did."""
    thresholds = {profile: Thresholds(**record["thresholds"][profile.value]) for profile in Profile}
    support = Support(**record["support"])
    known = {"thresholds": thresholds, "support": support, "status": Status(record["status"])}
    return FindingRule(**{**record, **known})


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_manifest(folder: Path) -> tuple[dict[str, Any], str]:
    path = folder / MANIFEST
    if not path.is_file():
        raise BundleError(
            f"{folder} is no bundle: it holds no {MANIFEST}. Give the folder of a bundle."
        )
    raw = path.read_bytes()
    try:
        record = json.loads(raw)
    except ValueError as problem:
        raise BundleError(
            f"{path} is damaged ({problem}). Copy the bundle to this machine again."
        ) from problem
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise BundleError(
            f"{path}: this program reads bundle format {FORMAT} only. "
            "Build or fetch a matching bundle."
        )
    if not isinstance(record.get("files"), dict):
        raise BundleError(f"{path} names no files. Copy the bundle to this machine again.")
    return record, hashlib.sha256(raw).hexdigest()


def _verify(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    present = {path.name for path in folder.iterdir()} - {MANIFEST}
    for name in sorted(present - set(files)):
        raise BundleError(
            f"{folder / name} is not part of the bundle. Remove it, or copy the bundle again."
        )
    for name, expected in files.items():
        path = folder / name
        if name not in present or not path.is_file():
            raise BundleError(f"{path} is missing. Copy the bundle to this machine again.")
        if path.stat().st_size != expected["bytes"] or sha256_of(path) != expected["sha256"]:
            raise BundleError(f"{path} is damaged. Copy the bundle to this machine again.")


def _build(folder: Path, record: dict[str, Any], digest: str) -> Bundle:
    variants = {
        name: Variant(
            name=value["name"],
            tolerance=value["tolerance"],
            rules={finding: rule_of(rule) for finding, rule in value["rules"].items()},
            least_detail=value["least_detail"],
        )
        for name, value in record["variants"].items()
    }
    plain = {field.name for field in fields(Bundle)} - {
        *NOT_STORED,
        "findings",
        "shapes",
        "settings",
        "variants",
    }
    return Bundle(
        folder=folder,
        digest=digest,
        decoder_digest=record["files"].get(Files.DECODER, {}).get("sha256", ""),
        findings=tuple(record["findings"]),
        shapes=Shapes(**record["shapes"]),
        settings=Settings(**record["settings"]),
        variants=variants,
        **{name: record[name] for name in plain},
    )
