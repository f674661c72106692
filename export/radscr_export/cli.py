"""The command `radscr-export`: train, build, evaluate, card, library, decoder, labels, samples."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from radscr_edge.errors import BundleError, RadscrError, StudyError
from radscr_export.decoder.commands import add_decoder_commands
from radscr_export.library.commands import add_library_commands

USAGE_EXIT, STUDY_EXIT, BUNDLE_EXIT = 2, 3, 4


def main() -> None:
    """Entry point; errors raised on purpose are told in one line on stderr."""
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except RadscrError as problem:
        print(problem, file=sys.stderr)
        codes = {StudyError: STUDY_EXIT, BundleError: BUNDLE_EXIT}
        raise SystemExit(codes.get(type(problem), USAGE_EXIT)) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="radscr-export", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="train a model; continues where it stopped")
    train.add_argument("--data", type=Path, required=True, help="folder of the data packs")
    train.add_argument(
        "--preset", default="edge", help="'edge' (default), 'paper', or a TOML file of your own"
    )
    train.add_argument("--out", type=Path, required=True, help="folder of the run")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--threads", type=int, default=0, help="0: as many as torch likes")
    train.add_argument(
        "--save-minutes", type=float, default=10.0, help="between two checkpoints (default 10)"
    )
    train.add_argument("--save-steps", type=int, default=0, help="also after so many steps")
    train.set_defaults(run=_train)
    build = commands.add_parser("build", help="turn a finished run into a bundle")
    build.add_argument("training", type=Path, metavar="RUN", help="folder of the run")
    build.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    build.add_argument("--decoder", type=Path, help="GGUF of a decoder; trained here if left out")
    build.set_defaults(run=_build)
    _add_evaluation(commands)
    retrain = commands.add_parser("retrain", help="new heads on a bundle's own vision")
    retrain.add_argument("bundle", type=Path, metavar="BUNDLE")
    retrain.add_argument("--data", type=Path, required=True)
    retrain.add_argument("--out", type=Path, required=True, help="folder of the new bundle")
    retrain.add_argument("--epochs", type=int, default=20, help="0 keeps the heads as they are")
    retrain.add_argument("--seed", type=int, default=0)
    retrain.add_argument("--decoder", type=Path, help="GGUF of a decoder; trained if left out")
    retrain.set_defaults(run=_retrain)
    labeler = commands.add_parser("labeler", help="score the report labeler against human codes")
    labeler.add_argument("--data", type=Path, required=True)
    labeler.add_argument("--split", choices=("train", "val", "test"), nargs="+", default=["val"])
    labeler.set_defaults(run=_labeler)
    draft = commands.add_parser("draft", help="compare the pack's drafted labels with our mapping")
    draft.add_argument("--data", type=Path, required=True)
    draft.set_defaults(run=_draft)
    add_library_commands(commands)
    add_decoder_commands(commands)
    samples = commands.add_parser("samples", help="write the synthetic sample studies")
    samples.add_argument("--out", type=Path, required=True)
    samples.set_defaults(run=_samples)
    return parser


def _add_evaluation(commands: Any) -> None:
    evaluate = commands.add_parser("evaluate", help="measure a bundle as the clinic gets it")
    subject = evaluate.add_mutually_exclusive_group(required=True)
    subject.add_argument("bundle", type=Path, nargs="?", metavar="BUNDLE")
    subject.add_argument("--predictions", type=Path, help="report texts of another system instead")
    evaluate.add_argument("--data", type=Path, required=True)
    evaluate.add_argument(
        "--split", choices=("val", "test"), default="val", help="'test' only for final figures"
    )
    evaluate.add_argument("--out", type=Path, required=True, help="folder of figures and page")
    evaluate.add_argument("--variant", default="", help="'int8' or 'fp32'; the bundle's first")
    evaluate.add_argument(
        "--decoder",
        nargs="+",
        default=[],
        choices=("plain", "judge"),
        help="who writes the reports; the first is compared (the bundle's own, then plain)",
    )
    evaluate.add_argument(
        "--ablations",
        type=int,
        default=0,
        metavar="SEEDS",
        help="also train heads without parts of the method, with so many seeds (0, the default: no;"
        " 3 or more to conclude from)",
    )
    evaluate.add_argument(
        "--ablation-epochs", type=int, default=3, help="of each such training (default 3)"
    )
    evaluate.add_argument(
        "--radeval",
        type=Path,
        metavar="PYTHON",
        help="of an environment with RadEval 2, for metrics that need downloaded models",
    )
    evaluate.add_argument(
        "--radeval-metrics",
        nargs="+",
        default=["f1chexbert", "radgraph"],
        metavar="METRIC",
        help="by RadEval's names (default: %(default)s)",
    )
    evaluate.set_defaults(run=_evaluate)
    card = commands.add_parser("card", help="write a bundle's model card from its figures")
    card.add_argument("bundle", type=Path, metavar="BUNDLE")
    card.add_argument("metrics", type=Path, nargs="+", metavar="METRICS.json")
    card.set_defaults(run=_card)


def _train(arguments: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415  the other commands' help should not wait for it

    from radscr_export.model.preset import load_preset  # noqa: PLC0415
    from radscr_export.run import start  # noqa: PLC0415
    from radscr_export.train import train  # noqa: PLC0415

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    run = start(arguments.out, arguments.data, load_preset(arguments.preset), arguments.seed)
    train(replace(run, save_steps=arguments.save_steps, save_minutes=arguments.save_minutes))
    print(arguments.out)


def _build(arguments: argparse.Namespace) -> None:
    from radscr_export.bundle import build  # noqa: PLC0415

    print(build(arguments.training, arguments.out, arguments.decoder).folder)


def _evaluate(arguments: argparse.Namespace) -> None:
    from radscr_export.evaluation.ablations import Plan  # noqa: PLC0415
    from radscr_export.evaluation.evaluate import (  # noqa: PLC0415
        evaluate,
        evaluate_ablations,
        evaluate_predictions,
    )
    from radscr_export.evaluation.rad_eval import RadEval  # noqa: PLC0415
    from radscr_export.evaluation.report_section import ReportPlan  # noqa: PLC0415

    data, split, out = arguments.data, arguments.split, arguments.out
    python, metrics = arguments.radeval, tuple(arguments.radeval_metrics)
    rad_eval = None if python is None else RadEval(python, metrics)
    if arguments.predictions is not None:
        print(evaluate_predictions(arguments.predictions, data, split, out, rad_eval))
        return
    reports = ReportPlan(tuple(arguments.decoder), rad_eval)
    path = evaluate(arguments.bundle, data, split, out, arguments.variant, reports)
    if arguments.ablations > 0:
        plan = Plan(arguments.ablations, arguments.ablation_epochs, arguments.variant)
        evaluate_ablations(arguments.bundle, data, split, out, plan, arguments.decoder)
    print(path)


def _card(arguments: argparse.Namespace) -> None:
    from radscr_export.card import rewrite_card  # noqa: PLC0415

    print(rewrite_card(arguments.bundle, arguments.metrics))


def _retrain(arguments: argparse.Namespace) -> None:
    from radscr_edge.contract import Bundle  # noqa: PLC0415
    from radscr_export.bundle import retrain  # noqa: PLC0415

    bundle = Bundle.open(arguments.bundle)
    out, seed, epochs = arguments.out, arguments.seed, arguments.epochs
    print(retrain(bundle, arguments.data, out, seed, epochs, arguments.decoder).folder)


def _labeler(arguments: argparse.Namespace) -> None:
    from radscr_export.label_scores import score_labeler  # noqa: PLC0415

    print(json.dumps(score_labeler(arguments.data, arguments.split), indent=1))


def _draft(arguments: argparse.Namespace) -> None:
    from radscr_export.data.draft import draft_report  # noqa: PLC0415

    print(json.dumps(draft_report(arguments.data), indent=1))


def _samples(arguments: argparse.Namespace) -> None:
    from radscr_export.phantoms import write_samples  # noqa: PLC0415

    write_samples(arguments.out)
    print(arguments.out)
