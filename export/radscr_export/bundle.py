"""Turns a finished run into a bundle: graphs, library, donors, decoder, calibration, card.

Or a bundle into one whose heads were trained anew, for another library on the same vision.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from radscr_edge.contract import MANIFEST, Bundle, Files, Settings, Shapes, Variant
from radscr_edge.errors import TrainingError
from radscr_edge.imaging import letterbox
from radscr_edge.ontology import FINDINGS
from radscr_edge.patches import STRIDE
from radscr_edge.records import Floats, Side
from radscr_export.calibrate import Scored, calibrate, denials
from radscr_export.card import with_figures, write_card
from radscr_export.data.extras import phantom_studies
from radscr_export.data.training_set import Studies, join, load_studies
from radscr_export.data.unseen import TRAINED_ON, trained_on
from radscr_export.decoder.gate import Admission, admit, made_by
from radscr_export.decoder.training import train_decoder
from radscr_export.donors import write_donors
from radscr_export.evaluation.evaluate import measure
from radscr_export.heads import preset_of, train_heads
from radscr_export.library.vectors import write_library
from radscr_export.looks import vision_digest
from radscr_export.model.preset import Preset
from radscr_export.model.radscr import RadSCR
from radscr_export.origin import licence_of
from radscr_export.phantoms import GOLDEN_SEEDS, KINDS, draw_phantom
from radscr_export.quantise import quantise
from radscr_export.run import Run, describe, resume, start
from radscr_export.text_encoder import TextEncoder
from radscr_export.texts import LibraryTexts, read_library
from radscr_export.to_onnx import write_graphs, write_heads
from radscr_export.train import finished, load_trained
from radscr_export.tune import tune
from radscr_export.walk import Walker
from radscr_export.widen import fit_wide, has_wide_path, widen
from radscr_runtime.canary import run_canary
from radscr_runtime.golden import cache_folder
from radscr_runtime.networks import OnnxNetworks

TOLERANCES = {"int8": 0.25, "fp32": 0.01}
"""Largest difference of a golden logit on another processor. Measured between processors with and
without VNNI the int8 networks differ by rounding only; saturation shows as differences above 1."""
GOLDEN = 4
LOW_DETAIL = 0.01
"""Share of validation films that show less detail than `Variant.least_detail`."""
PACKAGES = ("torch", "onnx", "onnxruntime", "optimum", "hnswlib", "transformers", "scikit-learn")


def build(training: Path, out: Path, decoder: Path | None = None) -> Bundle:
    """Builds the bundle of a run into `out`, replacing the bundle there only when it is complete.

    `decoder` is a GGUF file to ship; None trains one on decisions made from the library. Raises
    TrainingError where the run has not finished, or `out` holds anything but a bundle.
    """
    run = resume(training)
    _check_replaceable(out)
    _check_finished(run)
    encoder = TextEncoder.load(run.preset.text.encoder)
    library = read_library(encoder)
    model = load_trained(run, library.tokens.states.shape[-1])
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        folder = Path(scratch) / out.name
        folder.mkdir()
        bundle = assemble(folder, out.name, run, (model, library), decoder)
        _put(folder, out)
    return replace(bundle, folder=out)


def _check_finished(run: Run) -> None:
    if not finished(run):
        raise TrainingError(
            f"{run.folder} has not finished training. Continue it: radscr-export train "
            f"--preset {run.preset.name} --seed {run.seed} --data {run.data} --out {run.folder}"
        )


def _check_replaceable(out: Path) -> None:
    if out.exists() and not (
        out.is_dir() and ((out / MANIFEST).is_file() or not any(out.iterdir()))
    ):
        raise TrainingError(f"{out} holds something else than a bundle. Choose another folder.")


def assemble(
    folder: Path,
    name: str,
    run: Run,
    trained: tuple[RadSCR, LibraryTexts],
    decoder: Path | None,
) -> Bundle:
    """Fills an empty folder with everything that reading needs, then measures and describes it."""
    if decoder is not None and not decoder.is_file():
        raise TrainingError(f"{decoder} is missing. Give a GGUF file, or leave --decoder out.")
    model, library = trained
    size = run.preset.encoder.image_size
    studies = load_studies(run.data, "train", size)
    write_graphs(model, size, folder)
    quantise(folder)
    _widen(folder, studies, size, run.seed)
    encoder = TextEncoder.load(run.preset.text.encoder)
    _write_library(folder, library, encoder, run.preset.loss.alpha1)
    donors = write_donors(model, studies, folder)
    admission = _write_decoder(folder, library, decoder, run.seed)
    bundle = _first(folder, name, run.preset, admission)
    made = {
        **bundle.training,
        "run": describe(run),
        "donors": list(donors),
        TRAINED_ON: trained_on(run.data),
    }
    bundle = replace(bundle, text_encoder=encoder.digest, training=made)
    return _finished(bundle, run.data, run.seed)


def retrain(
    bundle: Bundle, data: Path, out: Path, seed: int, epochs: int, decoder: Path | None = None
) -> Bundle:
    """A bundle in `out` with the vision of `bundle`, and heads, library and decoder made anew.

    For a library or a labeler that has changed: the vision network and the donors stay, thresholds
    and all figures are made again. With 0 `epochs` the heads stay too: enough where only some
    sentences were reworded. A vision network from before there was a wide path gets one.
    Checkpoints and logs of the heads stay beside `out`, so that what was stopped goes on. Raises
    TrainingError where `out` holds anything but a bundle.
    """
    _check_replaceable(out)
    preset = preset_of(bundle)
    encoder = TextEncoder.load(preset.text.encoder)
    library = read_library(encoder)
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        folder = Path(scratch) / out.name
        shutil.copytree(bundle.folder, folder)
        base = replace(bundle, folder=folder)
        _widen_once(base, data, seed)
        made = bundle.training.get("heads", {})
        if epochs:
            logs = out.with_name(f"{out.name}.heads")
            run = start(logs, data, preset, seed, f"{vision_digest(base)}, {epochs} epochs")
            texts, looks = (library, encoder), cache_folder() / "looks"
            write_heads(train_heads(run, base, texts, epochs, looks), folder)
            made = {"epochs": epochs, **describe(run)}
        _write_library(folder, library, encoder, preset.loss.alpha1)
        same = decoder is not None and decoder.samefile(bundle.path(Files.DECODER))
        kept = bundle.training["decoder"] if same else None
        admission = _write_decoder(folder, library, decoder, seed, kept)
        fresh = replace(
            base,
            name=out.name,
            text_encoder=encoder.digest,
            decoder=admission.decoder,
            training={
                **bundle.training,
                "decoder": admission.facts,
                "heads": made,
                TRAINED_ON: trained_on(data, bundle),
            },
        )
        _finished(fresh, data, seed)
        _put(folder, out)
    return Bundle.open(out)


def _widen_once(bundle: Bundle, data: Path, seed: int) -> None:
    if not has_wide_path(bundle.path(Files.VISION["fp32"])):
        size = bundle.shapes.image_size
        _widen(bundle.folder, load_studies(data, "train", size), size, seed)
        _write_golden(bundle)


def _widen(folder: Path, studies: Studies, size: int, seed: int) -> None:
    """Fits the wide path on films, and on phantoms, of which it would else claim anything."""
    widen(folder, fit_wide(join([studies, phantom_studies(size, seed)])), size)


def _put(folder: Path, out: Path) -> None:
    """Moves a finished bundle to its place, over the one that may be there."""
    if out.exists():
        shutil.rmtree(out)
    shutil.move(folder, out)


def _finished(bundle: Bundle, data: Path, seed: int) -> Bundle:
    """Calibrates, measures and describes what the folder of `bundle` holds, and signs it.

    On validation films only: the test split is read by `radscr-export evaluate --split test`.
    """
    bundle = _calibrated(bundle, data)
    told = {**bundle.training, "seed": seed, "canary": _canaries(bundle)}
    bundle = replace(bundle, training=told, licence=licence_of(told))
    bundle = with_figures(bundle, [measure(bundle, data)])
    write_card(bundle)
    return bundle.save()


def _write_library(
    folder: Path, library: LibraryTexts, encoder: TextEncoder, alpha1: float
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        write_library(folder, library.sentences, encoder, alpha1, Path(scratch))


def _write_decoder(
    folder: Path,
    library: LibraryTexts,
    decoder: Path | None,
    seed: int,
    made: dict[str, Any] | None = None,
) -> Admission:
    """Puts a GGUF into the folder and measures it; `made` is what is known of its making."""
    target = folder / Files.DECODER
    if decoder is None:
        made = train_decoder(library.sentences, target, seed)
    else:
        made = made or made_by(decoder)
        shutil.copyfile(decoder, target)
    return admit(target, made)


def _first(folder: Path, name: str, preset: Preset, admission: Admission) -> Bundle:
    """The bundle before calibration: no finding can be raised with it yet."""
    size = preset.encoder.image_size
    bundle = Bundle(
        folder=folder,
        name=name,
        preset=preset.name,
        created=datetime.now(UTC).date().isoformat(),
        licence="",
        findings=FINDINGS,
        shapes=Shapes(size, size // STRIDE, preset.encoder.feature_width, preset.text.vector_width),
        settings=_settings(preset),
        variants={one: Variant(one, limit, {}) for one, limit in TOLERANCES.items()},
        decoder=admission.decoder,
        has_decoder=True,
        text_encoder="",
        training={
            "packages": {package: version(package) for package in PACKAGES},
            "decoder": admission.facts,
        },
    )
    _write_golden(bundle)
    return bundle


def _write_golden(bundle: Bundle) -> None:
    """Golden images with the logits that every network variant must give on any machine."""
    golden = _golden_images(bundle.shapes.image_size)
    logits = {f"logits.{one}": _golden_logits(bundle, one, golden) for one in TOLERANCES}
    np.savez_compressed(bundle.path(Files.GOLDEN), image=golden, **logits)  # type: ignore[arg-type]


def _golden_logits(bundle: Bundle, variant: str, golden: np.ndarray) -> Floats:
    networks = OnnxNetworks(bundle, variant, threads=1)
    return np.stack([networks.see(image[None]).logits for image in golden])


def _settings(preset: Preset) -> Settings:
    loss = preset.loss
    return Settings(
        alpha1=loss.alpha1,
        alpha2=loss.alpha2,
        alternatives=loss.alternatives,
        sentences_per_finding=1,
        supplements=3,
        supplement_score=0.0,
        supplement_share=0.6,
        rival_margin=0.0,
        side_share=0.7,
        saliency_high=loss.saliency_high,
        saliency_low=loss.saliency_low,
    )


def _golden_images(size: int) -> np.ndarray:
    """(n, 1, S, S): phantoms of golden seeds, so that no patient's film is shipped."""
    drawn = [
        draw_phantom(seed, KINDS[index % len(KINDS)], Side.LEFT)
        for index, seed in enumerate(GOLDEN_SEEDS[-GOLDEN:])
    ]
    return np.stack([letterbox(phantom.pixels, size)[0] for phantom in drawn])


def _canaries(bundle: Bundle) -> dict[str, Any]:
    """Per network variant: does it look at its image? Told by the card and by `check`."""
    return {name: asdict(run_canary(bundle, name)) for name in bundle.variants}


def _calibrated(bundle: Bundle, data: Path) -> Bundle:
    """Every variant with rules of its own, and the limits that the first one's walk asks for."""
    studies = load_studies(data, "val", bundle.shapes.image_size)
    variants, settings, grounds = {}, [], {}
    for name, variant in bundle.variants.items():
        walker = Walker.open(bundle, name)
        logits, details = walker.scan(studies)
        scored = Scored(studies, logits)
        rules, limits = tune(walker, studies, calibrate(scored))
        least = float(np.quantile(details, LOW_DETAIL))
        variants[name] = replace(variant, rules=rules, least_detail=least)
        settings.append(limits)
        grounds[name] = {finding: asdict(one) for finding, one in denials(scored).items()}
    training = {**bundle.training, "denials": grounds}
    return replace(bundle, variants=variants, settings=settings[0], training=training)
