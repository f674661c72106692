"""Small stand-ins and records for the stages: just enough of a study to ask one question."""

from dataclasses import dataclass, field

import numpy as np

from radscr_edge.claims import Profile, Status, Support, Thresholds
from radscr_edge.contract import FindingRule, Settings, Variant
from radscr_edge.ontology import FINDINGS
from radscr_edge.records import (
    Challenge,
    Geometry,
    Grid,
    Hypothesis,
    Place,
    Polarity,
    Presence,
    Radiograph,
    Sentence,
    Severity,
    Side,
    View,
)
from radscr_edge.wording import Certainty, Role
from radscr_runtime.donors import Donors
from radscr_runtime.library import ExactSearch, Library

SIDE, WIDTH = 8, 6
PATCHES = SIDE * SIDE


def settings(**changes):
    values = {
        "alpha1": 0.5,
        "alpha2": 0.25,
        "alternatives": 2,
        "sentences_per_finding": 1,
        "supplements": 3,
        "supplement_score": -9.0,
        "supplement_share": 0.5,
        "rival_margin": 0.5,
        "side_share": 0.7,
        "saliency_high": 0.7,
        "saliency_low": 0.4,
    }
    return Settings(**(values | changes))


def rule(**changes):
    values = {
        "slope": 1.0,
        "intercept": 0.0,
        "calibrated": True,
        "thresholds": zones(0.4, 0.5),
        "denied": 0.2,
        "withdraw": 0.0,
        "support": Support("iu", 50, 300, 0.8, 0.7, 0.9),
        "status": Status.VALIDATED,
    }
    return FindingRule(**(values | changes))


def zones(raised, affirmed):
    """The same zones in every profile."""
    return dict.fromkeys(Profile, Thresholds(raised, affirmed))


def variant(**changes):
    return Variant("int8", 0.25, {name: rule(**changes) for name in FINDINGS})


def hypothesis(finding, presence=Presence.PRESENT, probability=0.6, status=Status.VALIDATED):
    return Hypothesis(finding, probability, True, 0.4, 0.5, presence, status)


def hypotheses(present=(), absent=(), indeterminate=(), uncertain=()):
    """All 37; those not named are not assessed."""
    found = dict.fromkeys(FINDINGS, Presence.NOT_ASSESSED)
    found |= dict.fromkeys(present, Presence.PRESENT) | dict.fromkeys(absent, Presence.ABSENT)
    found |= dict.fromkeys(indeterminate, Presence.INDETERMINATE)
    found |= dict.fromkeys(uncertain, Presence.UNCERTAIN)
    number = {Presence.PRESENT: 0.6, Presence.UNCERTAIN: 0.45, Presence.INDETERMINATE: 0.3}
    return tuple(
        hypothesis(name, presence, number.get(presence, 0.1)) for name, presence in found.items()
    )


def radiograph(height=160, width=160, view=View.PA, **changes):
    pixels = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    values = {
        "geometry": Geometry(width, height),
        "digest": "0" * 64,
        "side_known": True,
        "spacing_mm": None,
    }
    return Radiograph(pixels, view=view, name="film.dcm", **(values | changes))


def grid(saliency=None, logits=None):
    features = np.linspace(-1, 1, PATCHES * WIDTH, dtype=np.float32).reshape(PATCHES, WIDTH)
    empty = np.zeros((len(FINDINGS), PATCHES), np.float32)
    return Grid(
        features,
        np.zeros(len(FINDINGS), np.float32) if logits is None else logits,
        empty if saliency is None else saliency,
    )


def place(finding="pleural effusion", side=Side.NONE, zones=(), fallback=False, **asked):
    region = np.zeros(PATCHES, np.bool_)
    region[0] = True
    asked = hypothesis(finding, **asked)
    return Place(asked, region, (), zones, side, 0.8, fallback)


def sentence(finding, polarity=Polarity.POSITIVE, side=Side.NONE, zone="", text=""):
    name = f"{finding}.{polarity}.{side}.{zone}"
    return Sentence(
        id=name,
        text=text or f"{name}.",
        finding=finding,
        organ="lung",
        polarity=polarity,
        certainty=Certainty.DEFINITE,
        side=side,
        severity=Severity.NONE,
        zone=zone,
        prototype=0,
    )


def library(sentences, vectors, alpha1=0.5, prototypes=None, others=()):
    vectors = np.asarray(vectors, np.float32)
    if prototypes is None:
        prototypes = np.zeros((len(FINDINGS), 1, vectors.shape[1]), np.float32)
    slots = [FINDINGS.index(one.finding) for one in sentences]
    folded = vectors + np.float32(alpha1) * prototypes[slots, 0]
    composed = {role: tuple(one for one in others if one.role is role) for role in Role}
    return Library(tuple(sentences), vectors, prototypes, folded, ExactSearch(folded), composed)


def challenge(at, query, c_abn=(), c_img=(), rivals=(), p_m=None):
    query = np.asarray(query, np.float32)
    rows = [np.asarray(c, np.float32).reshape(-1, len(query)) for c in (c_abn, c_img)]
    p_m = query if p_m is None else np.asarray(p_m, np.float32)
    return Challenge(at, query, p_m, *rows, rivals, ())


def donors(views=("PA", "PA", "AP", "PA"), states=None):
    count = len(views)
    features = np.stack([np.roll(grid().features, shift, axis=1) for shift in range(count)]).astype(
        np.float32
    )
    if states is None:
        states = np.zeros((count, len(FINDINGS)), np.int8)
    return Donors(features, states, tuple(views), tuple(f"donor{n}" for n in range(count)))


@dataclass
class CountingNetworks:
    """Remembers the rows it was asked for; each row's vector is its own number."""

    image_size: int = 128
    calls: list = field(default_factory=list)

    def see(self, image):
        return grid()

    def propose(self, rows):
        self.calls.append(rows)
        count = len(rows.grid_of_row)
        return np.arange(count, dtype=np.float32)[:, None] * np.ones(3, np.float32)


@dataclass
class Oracle:
    """Answers every question with the same odds."""

    odds: float
    asked: list = field(default_factory=list)
    cancelled: bool = False
    closed: bool = False

    def log_odds(self, prompts):
        self.asked.append(list(prompts))
        return [self.odds] * len(prompts)

    def begin(self):
        self.cancelled = False

    def cancel(self):
        self.cancelled = True

    def close(self):
        self.closed = True
