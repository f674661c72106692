"""From a study's file to an upright radiograph, and from there to the network input."""

from radscr_edge.imaging.decoding import DecodingWorker, load_radiograph
from radscr_edge.imaging.letterbox import Fit, content_points, fit, letterbox

__all__ = [
    "DecodingWorker",
    "Fit",
    "content_points",
    "fit",
    "letterbox",
    "load_radiograph",
]
