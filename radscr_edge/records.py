"""The values that travel between the stages, in the order in which the walk makes them.

Shape letters used throughout:
    H, W   height and width of the upright radiograph in pixels
    S      side of the square network input in pixels
    P      patches of the feature grid, P = side * side, row by row from the top left
    D      width of a patch feature
    N      abnormalities of the ontology (37)
    M      hypotheses that have a place in this study
    N_p    alternatives per critique
    d      width of the space in which proposals and sentences are compared
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from radscr_edge.claims import Profile, Status
from radscr_edge.prose import Prose
from radscr_edge.wording import Acuity, Certainty, Role, Size

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class View(StrEnum):
    """Projection of a frontal film, View Position (0018,5101)."""

    PA = "PA"
    AP = "AP"
    UNKNOWN = "unknown"


class Side(StrEnum):
    """The patient's side. The patient's right is on the image's left."""

    RIGHT = "right"
    LEFT = "left"
    BILATERAL = "bilateral"
    NONE = "none"
    """No side is asserted: a midline finding, a diffuse one, or an uncertain location."""


class Polarity(StrEnum):
    """Whether a sentence affirms, denies or hedges its finding."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNCERTAIN = "uncertain"


class Severity(StrEnum):
    """Severity class of a sentence; NONE where it says nothing."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"
    NONE = "none"


class Presence(StrEnum):
    """What the classifier's probability says of one abnormality."""

    PRESENT = "present"
    """From where it is affirmed: a hypothesis to be localised and challenged."""
    UNCERTAIN = "uncertain"
    """From where it is raised, below where it is affirmed: a hypothesis like the others, but
    hedged."""
    ABSENT = "absent"
    """Below the threshold of denial of a finding whose sensitivity there is known."""
    INDETERMINATE = "indeterminate"
    """Not raised, but above the threshold of denial: neither said nor denied."""
    NOT_ASSESSED = "not assessed"
    """Not raised, and a negative cannot be supported by the data in the model card."""


class Verdict(StrEnum):
    """What became of a hypothesis after its critiques."""

    ASSERTED = "asserted"
    HEDGED = "hedged"
    """It stands, but its probability is in the uncertain zone."""
    WITHDRAWN = "withdrawn"
    CANNOT_BE_EXCLUDED = "cannot be excluded"
    """A critical finding that would have been withdrawn: never dropped in silence."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """How the upright radiograph lies in the file's own image.

    The stored image is first turned by `quarter_turns` (counter-clockwise), then mirrored, then
    resized to square pixels: that gives the (H, W) pixels of the Radiograph.
    """

    original_width: int
    """Columns (0028,0011) of the file."""
    original_height: int
    """Rows (0028,0010) of the file."""
    quarter_turns: int = 0
    mirrored: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """One upright frontal chest film as the networks and the reader's eye get it."""

    pixels: Bytes
    """(H, W): 8-bit after modality and VOI LUT, MONOCHROME1 inverted, square pixels, upright."""
    geometry: Geometry
    view: View
    name: str
    """File name, for the person at the desk only; never logged."""
    digest: str
    """SHA-256 of the file: what logs and bench files carry instead of the name."""
    side_known: bool
    """True where Patient Orientation (0020,0020) names the rows; else 'side as displayed'."""
    spacing_mm: float | None
    """Side of one of `pixels` in mm, at the detector unless calibrated; None if unsaid."""
    notes: tuple[str, ...] = ()
    """Sentences for the report: warnings and what was done to the image; no patient data."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """What one pass of the visual encoder says of the radiograph."""

    features: Floats
    """V, (P, D)."""
    logits: Floats
    """(N,): the linear head on the mean of V; sigmoid and calibration give p_m."""
    saliency: Floats
    """W, (N, P): ReLU of the class activation map, which for this head equals Grad-CAM."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One abnormality with its probability; only raised ones are localised and challenged."""

    finding: str
    probability: float
    """p_m after the calibration of the network variant in use."""
    calibrated: bool
    """False where the data cannot support reading the number as a probability."""
    threshold: float
    """Probability at or above which the finding is raised: UNCERTAIN or PRESENT."""
    affirmed: float | None
    """Probability at or above which it is PRESENT; None: never."""
    presence: Presence
    status: Status
    """How well the data behind the thresholds show that it is told apart."""

    @property
    def raised(self) -> bool:
        """Whether it is a hypothesis."""
        return self.presence in (Presence.PRESENT, Presence.UNCERTAIN)

    @property
    def strength(self) -> float:
        """The probability in units of its threshold: comparable between findings."""
        return self.probability / max(self.threshold, 1e-6)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the original image, x to the right, y down; x1 and y1 excluded."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a hypothesis lies."""

    hypothesis: Hypothesis
    region: Mask
    """B_m, (P,): never empty."""
    boxes: tuple[Box, ...]
    zones: tuple[str, ...]
    """Names of anatomical zones from geometry, e.g. 'right lower lung zone'; strongest first."""
    side: Side
    side_share: float
    """Share of the region's saliency on `side`; a side is asserted only at 0.7 and above."""
    fallback: bool
    """True where only the arg-max patch is left: 'location uncertain', no side asserted."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """Every row of the one PropEncoder call: proposals and all their critiques, unit length."""

    places: tuple[Place, ...]
    p_m: tuple[Floats, ...]
    """P_m, (d,) of each place."""
    c_abn: tuple[Floats, ...]
    """C_Abn, (N_p, d) of each place: the same region with another abnormality's concept."""
    c_img: tuple[Floats, ...]
    """C_Img, (N_p, d) of each place: the same region and concept on a donor's features."""
    c_neg: Floats
    """C_Neg, (d,): the mean concept of the predicted negatives over the major anatomy."""
    rivals: tuple[tuple[str, ...], ...]
    """Names of the abnormalities of c_abn; fewer than N_p where fewer are lawful."""
    donors: tuple[tuple[str, ...], ...]
    """Ids of the donors of c_img; fewer than N_p where the bank has fewer."""


@dataclass(frozen=True, slots=True, eq=False)
class Challenge:
    """A proposal under critique, folded into one query (method identity 1)."""

    place: Place
    query: Floats
    """(d,): P_m - alpha2 * (mean C_Abn + mean C_Img)."""
    p_m: Floats
    """(d,)."""
    c_abn: Floats
    """(N_p, d)."""
    c_img: Floats
    """(N_p, d)."""
    rivals: tuple[str, ...]
    donors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One row of the sentence library."""

    id: str
    text: str
    finding: str
    """Ontology name; empty where the sentence speaks of a whole organ."""
    organ: str
    polarity: Polarity
    certainty: Certainty
    side: Side
    severity: Severity
    zone: str
    """Zone family such as 'upper', 'lower', 'apical', 'base'; empty where it says nothing."""
    size: Size = Size.NONE
    acuity: Acuity = Acuity.NONE
    hint: str = ""
    """Family of wording, by which a person tells the prototypes apart."""
    language: str = "en"
    """ISO 639-1."""
    role: Role = Role.FINDING
    lender: str = ""
    """Id of the sentence whose vector this one borrows; empty where it has its own."""
    prototype: int = -1
    """Cluster 0..K-1 within its finding; -1 where there is none."""


@dataclass(frozen=True, slots=True)
class Framed:
    """A frame sentence with its slots filled; id and slots let it be said in another language."""

    text: str
    sentence_id: str
    slots: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A retrieved sentence with the scores that explain it."""

    sentence: Sentence
    score: float
    """sigma~ = similarity - alpha2 * (abnormality_score + image_score)."""
    similarity: float
    """sigma(P_m, s) = P_m . s + alpha1 P_m . o."""
    abnormality_score: float
    """sigma of C_Abn, mean of its N_p alternatives."""
    image_score: float
    """sigma of C_Img, mean of its N_p alternatives."""
    rank_without_critique: int
    """1-based rank the sentence would have had by similarity alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What became of one hypothesis: its sentences Q_m, or the reason of its withdrawal."""

    place: Place
    verdict: Verdict
    reason: Framed
    """One plain sentence: why it stands, or why it does not."""
    evidence: tuple[Evidence, ...]
    """Q_m, best first; kept for withdrawn hypotheses too, so that they can be inspected."""
    hedge: Sentence | None
    """What is said instead of Q_m of a hedged finding, or a critical one not to be excluded."""
    best_rival: str
    """The abnormality whose proposal in the same region scored highest."""
    rival_score: float
    """sigma of that rival's proposal with the rival's own best sentence."""
    margin: float
    """Discounted score minus tau_w; negative: too weak, whatever the rivals score."""
    donors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """One candidate U_n of the missed-finding check by C_Neg."""

    sentence: Sentence
    score: float
    """sigma(C_Neg, s)."""
    probability: float
    """p of its finding, below the finding's threshold."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the decoder decided about one supplementary sentence U_n."""

    sentence_id: str
    kept: bool
    decided_by: str
    """'rule: <name>' or 'phi'."""
    log_odds: float | None
    """ln P(keep) / P(drop) where Phi decided."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the report, verbatim from the library."""

    text: str
    sentence_id: str
    section: str
    """'technique', 'findings', 'impression', 'advice' or 'limitations'."""
    finding: str
    source: str
    """'Q' (retrieved, or its short form), 'U' (missed-finding check), 'negative' (a finding or a
    whole organ is denied), 'advice' or 'frame'."""
    place: int | None
    """Index into Report.findings of the region that it points at."""
    slots: tuple[tuple[str, str], ...] = ()
    """What fills a frame sentence."""
    lender: str = ""
    """Id of the library sentence that it borrows its scores from, if it was added on site."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What a decoder returns: the report's lines and how they came about."""

    lines: tuple[Line, ...]
    decisions: tuple[Decision, ...]
    decoder: str
    """'plain', 'judge' or 'fluent'."""
    remark: str
    """Why another decoder than the one asked for wrote the report; empty otherwise."""
    prose: Prose | None = None
    """The findings as checked running text, where the decoder writes one."""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything that is known about one reading."""

    radiograph: Radiograph
    hypotheses: tuple[Hypothesis, ...]
    """All N abnormalities in ontology order."""
    findings: tuple[Finding, ...]
    """One per hypothesis that was raised, whatever its verdict."""
    missed: tuple[Missed, ...]
    composition: Composition
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Provenance:
    """What read the study: enough to repeat the reading elsewhere."""

    package_version: str
    bundle_name: str
    bundle_digest: str
    """SHA-256 of bundle.json, which holds the digests of all other files."""
    network_variant: str
    """'int8' or 'fp32'."""
    search: str
    """'hnsw' or 'exact'."""
    profile: Profile
    remarks: tuple[str, ...] = ()
    """What fell back on this machine and why; what was changed on site."""
