"""The visual encoder: radiograph I -> patch features V, the last two stages of a Swin fused."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import SwinBackbone, SwinConfig

from radscr_export.model.preset import EncoderPreset

GATE = 4
"""Side of the learned gate; stretched over the grid, so that neighbours share what they learn."""


class Encoder(nn.Module):
    """A Swin transformer whose last two stages are fused into one grid of patch features.

    The last stage knows what, the one before knows where: projected to D and added on the finer
    grid, they give a class activation map of 1/16 of the input's side instead of 1/32.
    """

    def __init__(self, preset: EncoderPreset) -> None:
        super().__init__()
        self.backbone = _backbone(preset)
        widths = self.backbone.channels
        self.fine = nn.Linear(widths[0], preset.feature_width)
        self.coarse = nn.Linear(widths[1], preset.feature_width)
        self.norm = nn.LayerNorm(preset.feature_width)
        self.gate = nn.Parameter(torch.zeros(1, preset.feature_width, GATE, GATE))

    def forward(self, image: Tensor) -> Tensor:
        """V, (B, P, D), of 8-bit images (B, 1, S, S) given as uint8 or as floats in [0, 255]."""
        scaled = (image.float() - 127.5) / 64.0
        where, what = self.backbone(scaled).feature_maps
        coarse = self.coarse(what.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        coarse = F.interpolate(coarse, size=where.shape[-2:], mode="bilinear", align_corners=False)
        fused = self.fine(where.permute(0, 2, 3, 1)) + coarse.permute(0, 2, 3, 1)
        gate = 1 + _resized(self.gate, where.shape[-2:]).permute(0, 2, 3, 1)
        features: Tensor = (self.norm(fused) * gate).flatten(1, 2)
        return features


class Classifier(nn.Module):
    """The linear head on the mean of V: logits and, by the same weights, every saliency map.

    V is first standardised over studies (a batch normalisation of its mean), without which training
    from scratch on few films stalls; at reading time that is one more linear step.
    """

    def __init__(self, feature_width: int, findings: int) -> None:
        super().__init__()
        self.standard = nn.BatchNorm1d(feature_width, affine=False)
        self.linear = nn.Linear(feature_width, findings)
        nn.init.normal_(self.linear.weight, std=0.02)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, N) and saliency W = ReLU(sum_c w_mc V_c), (B, N, P), V standardised.

        After average pooling Grad-CAM of a linear head is this product up to the factor 1 / P.
        """
        logits = self.linear(self.standard(features.mean(dim=1)))
        return logits, F.relu(self.activation(features))

    def activation(self, features: Tensor) -> Tensor:
        """sum_c w_mc V_c, (B, N, P), before its negative part is cut off; V standardised."""
        mean = self.standard.get_buffer("running_mean")
        variance = self.standard.get_buffer("running_var")
        weights = self.linear.weight / torch.sqrt(variance + self.standard.eps)
        return ((features - mean) @ weights.T).transpose(1, 2)


def _backbone(preset: EncoderPreset) -> SwinBackbone:
    stages = [f"stage{len(preset.depths) - 1}", f"stage{len(preset.depths)}"]
    if preset.weights:
        return _pretrained(Path(preset.weights), stages)
    config = SwinConfig(
        image_size=preset.image_size,
        patch_size=preset.patch,
        num_channels=1,
        embed_dim=preset.embed_dim,
        depths=list(preset.depths),
        num_heads=list(preset.heads),
        window_size=preset.window,
        drop_path_rate=preset.drop_path,
        out_features=stages,
    )
    backbone = SwinBackbone(config)
    if preset.stem:
        backbone.embeddings.patch_embeddings.projection = Stem(preset)
    return backbone


def _pretrained(folder: Path, stages: list[str]) -> SwinBackbone:
    """A Swin from a local folder; weights for colour see a grey film as three equal channels."""
    backbone = SwinBackbone.from_pretrained(folder, out_features=stages, local_files_only=True)
    patches = backbone.embeddings.patch_embeddings
    colour = patches.projection
    if colour.in_channels > 1:
        grey = nn.Conv2d(1, colour.out_channels, colour.kernel_size, colour.stride)
        weight = colour.weight.sum(dim=1, keepdim=True)
        grey.load_state_dict({"weight": weight, "bias": colour.bias})
        patches.projection, patches.num_channels = grey, 1
    return backbone


class Stem(nn.Module):
    """Overlapping convolutions plus an absolute position, instead of one patch projection.

    Small data need the bias of convolutions (Xiao et al., "Early convolutions help transformers see
    better", NeurIPS 2021), and films are aligned well enough for the place to be informative, which
    a Swin's relative positions and mean pooling would lose.
    """

    def __init__(self, preset: EncoderPreset) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, strides = 1, preset.patch.bit_length() - 1
        for index, width in enumerate(preset.stem):
            stride = 2 if index < strides else 1
            layers += [nn.Conv2d(before, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)]
            layers.append(nn.GELU())
            before = width
        self.convolutions = nn.Sequential(*layers, nn.Conv2d(before, preset.embed_dim, 1))
        side = preset.image_size // preset.patch
        self.position = nn.Parameter(0.5 * _waves(side, preset.embed_dim))

    def forward(self, image: Tensor) -> Tensor:
        """Tokens (B, embed_dim, H / patch, W / patch); the position is resized to fit them."""
        tokens: Tensor = self.convolutions(image)
        return tokens + _resized(self.position, tokens.shape[-2:])


def _resized(maps: Tensor, size: torch.Size) -> Tensor:
    """Learned maps (1, C, H, W) at the size of a grid that was made from a smaller image."""
    return maps if maps.shape[-2:] == size else F.interpolate(maps, size=size, mode="bilinear")


def _waves(side: int, width: int) -> Tensor:
    """(1, width, side, side): sines and cosines of the row and the column, as a first position."""
    rows, columns = torch.meshgrid(
        torch.linspace(-1, 1, side), torch.linspace(-1, 1, side), indexing="ij"
    )
    turns = torch.arange(1, width // 4 + 1).view(-1, 1, 1) * (torch.pi / 4)
    waves = [wave(axis * turns) for axis in (columns, rows) for wave in (torch.sin, torch.cos)]
    return torch.cat(waves).unsqueeze(0)
