"""What the samples show, and whether a report points at it."""

import numpy as np

from radscr_edge.records import Verdict

LESIONS = (
    ("enlarged-heart.dcm", "enlarged cardiac silhouette"),
    ("effusion.dcm", "pleural effusion"),
    ("pneumothorax.dcm", "pneumothorax"),
    ("nodule.dcm", "mass/nodule (not otherwise specified)"),
    ("consolidation.dcm", "consolidation"),
)
DRAWN = {finding for _, finding in LESIONS}
MARGIN = 15
"""Pixels around a lesion in which a box may be centred: the pointing game's own tolerance (Zhang et
al., IJCV 2018), and half a patch of the map here, which is wider than the nodule."""
OVERLAP = 0.25
"""Least intersection over union of a region's boxes and the lesion's, where no box points at it."""


def area(box):
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def common(one, other):
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    return area((*low, *high))


def meets(boxes, lesion):
    """Whether a box points at the lesion with its centre, or overlaps it well enough."""
    for box in boxes:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        across = lesion[0] - MARGIN <= x < lesion[2] + MARGIN
        if across and lesion[1] - MARGIN <= y < lesion[3] + MARGIN:
            return True
        shared = common(box, lesion)
        if shared / (area(box) + area(lesion) - shared) >= OVERLAP:
            return True
    return False


def caught(report, finding, lesion):
    """Whether a report raises a finding, does not withdraw it, and shows it where it lies."""
    standing = [
        one
        for one in report.findings
        if one.place.hypothesis.finding == finding and one.verdict is not Verdict.WITHDRAWN
    ]
    return any(
        meets([(box.x0, box.y0, box.x1, box.y1) for box in one.place.boxes], lesion)
        for one in standing
    )


def lesion_of(lesions, sample, finding):
    (one,) = lesions[sample]
    assert one["finding"] == finding
    return tuple(one["box"][key] for key in ("x0", "y0", "x1", "y1"))
