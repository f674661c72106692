"""The whole model: encoder, classifier, concepts, PropEncoder and sentence head under one name."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from radscr_edge.ontology import FINDINGS
from radscr_edge.patches import STRIDE
from radscr_export.model.encoder import Classifier, Encoder
from radscr_export.model.preset import Preset
from radscr_export.model.prop_encoder import PropEncoder
from radscr_export.model.report_head import ReportHead
from radscr_export.model.sentence_head import SentenceHead


class Heads(nn.Module):
    """What is trained on patch features and text: concepts E, PropEncoder and sentence head."""

    def __init__(self, preset: Preset, text_width: int) -> None:
        super().__init__()
        shape, text = preset.encoder, preset.text
        self.concepts = nn.Parameter(torch.randn(len(FINDINGS) + 1, text.concept_width))
        self.prop_encoder = PropEncoder(
            shape.image_size // STRIDE, shape.feature_width, text.concept_width, text.vector_width
        )
        self.sentence_head = SentenceHead(text_width, text.concept_width, text.vector_width)

    def propose(
        self, features: Tensor, grid_of_row: Tensor, regions: Tensor, concepts: Tensor
    ) -> Tensor:
        """(R, d): one row for every proposal and critique (PropEncoder)."""
        vectors: Tensor = self.prop_encoder(features, grid_of_row, regions, concepts, self.concepts)
        return vectors

    def propose_hard(
        self, features: Tensor, grid_of_row: Tensor, regions: Tensor, concepts: Tensor
    ) -> Tensor:
        """The same (R, d), cheaper, of regions of 0 and 1 that need no gradient."""
        return self.prop_encoder.of_hard_regions(
            features, grid_of_row, regions, concepts, self.concepts
        )

    def embed(self, states: Tensor, mask: Tensor, findings: Tensor) -> Tensor:
        """s_(m), (B, d), of sentences about `findings` (B,), indices into the ontology."""
        vectors: Tensor = self.sentence_head(
            states, mask, self.concepts[findings], self.concepts[-1]
        )
        return vectors


class RadSCR(nn.Module):
    """All trained parts of the method; the text encoder is frozen and stays outside."""

    def __init__(self, preset: Preset, text_width: int) -> None:
        super().__init__()
        self.encoder = Encoder(preset.encoder)
        self.classifier = Classifier(preset.encoder.feature_width, len(FINDINGS))
        self.heads = Heads(preset, text_width)
        self.report = ReportHead(preset.encoder.feature_width, text_width)

    def see(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """V (B, P, D), logits (B, N) and saliency W (B, N, P) of 8-bit images (B, 1, S, S)."""
        features = self.encoder(images)
        logits, saliency = self.classifier(features)
        return features, logits, saliency
