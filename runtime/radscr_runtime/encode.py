"""Stage 1: radiograph -> V, logits and saliency, in one pass of the visual encoder."""

from __future__ import annotations

from radscr_edge.imaging import letterbox
from radscr_edge.records import Grid, Radiograph
from radscr_runtime.networks import Networks
from radscr_runtime.timing import stage


@stage
def encode(networks: Networks, radiograph: Radiograph) -> Grid:
    """V (P, D), logits (N,) and W (N, P) of the letter-boxed radiograph."""
    return networks.see(letterbox(radiograph.pixels, networks.image_size))
