"""Everything that training needs, small: a data pack of drawings, a preset, a text encoder."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

from radscr_edge.records import Bytes, Side
from radscr_edge.sentences import load_sentences
from radscr_export.model.preset import Phase, Preset, load_preset
from radscr_export.phantoms import draw_phantom

EFFUSION = "pleural effusion"
NIH = (
    *("Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Effusion", "Emphysema"),
    *("Fibrosis", "Hernia", "Infiltration", "Mass", "Nodule", "Pleural_Thickening"),
    *("Pneumonia", "Pneumothorax"),
)
IU_REPORTS = ("uid", "findings", "impression", "mesh_major", "group", "split")
IU_IMAGES = ("file", "uid", "orig_w", "orig_h", "split", "shard")
SPLITS = ("train", "val", "test")
FILMS = 24
"""Films of each split of IU and of each NIH view; every other one shows an effusion."""
LATERAL_EVERY = 4
"""Every such IU study has a lateral film too: a drawing on its side."""
FIRST = 90_001
"""Of the patients' numbers: nobody in a real set, which the shipped bundle was trained on."""
NORMAL_DONORS = 16
"""Normal films that each NIH view's training split holds besides."""


@dataclass(frozen=True)
class Study:
    """One IU study: its codes and its words."""

    uid: str
    mesh: str
    findings: str = ""
    impression: str = ""
    split: str = "train"


def write_reports(data: Path, studies: Iterable[Study]) -> Path:
    """The table of IU reports, nothing else; returns the pack's folder."""
    rows = [
        {
            "uid": one.uid,
            "mesh_major": one.mesh,
            "findings": one.findings,
            "impression": one.impression,
            "split": one.split,
            "group": one.uid,
        }
        for one in studies
    ]
    write_table(data / "iu_xray" / "iu_reports.csv", IU_REPORTS, rows)
    return data


def write_table(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


def write_shard(path: Path, pictures: dict[str, Bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, pixels in pictures.items():
            raw = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))


def write_pack(data: Path) -> Path:
    """A whole pack of phantoms, IU squashed to squares as the published one is."""
    sick = [draw_phantom(seed, EFFUSION, Side.RIGHT, 96).pixels for seed in range(6)]
    well = [draw_phantom(seed, None, Side.NONE, 96).pixels for seed in range(6, 12)]
    _write_iu(data, sick, well)
    _write_nih(data, sick, well)
    return data


def _write_iu(data: Path, sick: list[Bytes], well: list[Bytes]) -> None:
    studies, images, pictures, laterals = [], [], {}, {}
    for index in range(FILMS * len(SPLITS)):
        split, ill = SPLITS[index // FILMS], index % 2 == 0
        film = (sick if ill else well)[index // 2 % 6]
        uid, file = str(FIRST + index), f"{index + 1}_film.jpg"
        mesh = "Pleural Effusion/right/small" if ill else "normal"
        words = "A drawn right pleural effusion." if ill else "A drawn chest, no pleural effusion."
        studies.append(Study(uid, mesh, findings=words, split=split))
        pictures[file] = cv2.resize(film, (64, 64), interpolation=cv2.INTER_AREA)
        size = {"orig_w": film.shape[1] * 20.0, "orig_h": film.shape[0] * 20.0}
        images.append({"file": file, "uid": uid, "split": split, "shard": "iu_frontal.tar", **size})
        if index % LATERAL_EVERY == 0:
            file = f"{index + 1}_lateral.jpg"
            laterals[file] = cv2.resize(np.rot90(film), (64, 64), interpolation=cv2.INTER_AREA)
            images.append(images[-1] | {"file": file, "shard": "iu_lateral.tar"})
    write_reports(data, studies)
    write_table(data / "iu_xray" / "iu_images.csv", IU_IMAGES, images)
    write_shard(data / "iu_xray" / "iu_frontal.tar", pictures)
    write_shard(data / "iu_xray" / "iu_lateral.tar", laterals)


def _write_nih(data: Path, sick: list[Bytes], well: list[Bytes]) -> None:
    rows, pictures = [], {}
    for view in ("PA", "AP"):
        kinds = [(split, i % 2 == 0) for split in SPLITS for i in range(FILMS)]
        kinds += [("train", False)] * NORMAL_DONORS
        for index, (split, ill) in enumerate(kinds):
            patient = FIRST + len(rows)
            file = f"{patient:08d}_000.jpg"
            pictures[file] = (sick if ill else well)[index // 2 % 6]
            row = dict.fromkeys(NIH, "0") | {"Effusion": str(int(ill))}
            row |= {"file": file, "patient_id": str(patient), "view": view, "split": split}
            rows.append(row | {"shard": "nih_images.tar"})
    columns = ["file", "patient_id", "view", *NIH, "split", "shard"]
    write_table(data / "nih_cxr14" / "nih_images.csv", columns, rows)
    write_shard(data / "nih_cxr14" / "nih_images.tar", pictures)


def write_text_encoder(folder: Path) -> Path:
    """An untrained BERT of 16 channels that knows the library's words."""
    folder.mkdir(parents=True, exist_ok=True)
    words = {word for one in load_sentences() for word in one.text.lower().split()}
    pieces = sorted({piece for word in words for piece in (word, word.strip(".,:;()"))} | set(".,"))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(one for one in pieces if one)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def tiny_preset(text_encoder: str = "minilm") -> Preset:
    """Two phases of seconds: the classifier alone, then everything."""
    base = load_preset("edge")
    return replace(
        base,
        name="tiny",
        encoder=replace(
            base.encoder,
            image_size=64,
            stem=(8, 8, 8),
            embed_dim=8,
            depths=(1, 1, 1),
            heads=(1, 2, 2),
            window=4,
            drop_path=0.3,
            feature_width=16,
        ),
        text=replace(base.text, encoder=text_encoder, concept_width=8, vector_width=16),
        loss=replace(base.loss, report_weight=0.1),
        phases=(Phase(64, 1, 16, 1e-3, False), Phase(64, 2, 16, 1e-3, True)),
    )
