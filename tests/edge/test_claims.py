"""One rule grades a finding by the films behind it."""

import pytest

from radscr_edge.claims import Status, Support


@pytest.mark.parametrize(
    ("positives", "auroc", "low", "status"),
    [
        (20, 0.70, 0.51, Status.VALIDATED),
        (19, 0.70, 0.51, Status.WEAK),
        (20, 0.69, 0.51, Status.WEAK),
        (10, 0.69, 0.51, Status.WEAK),
        (10, 0.80, 0.50, Status.NOT_VALIDATED),
        (9, 0.90, 0.80, Status.NOT_VALIDATED),
        (40, None, None, Status.NOT_VALIDATED),
    ],
)
def test_positives_and_the_interval_decide_the_status(positives, auroc, low, status):
    support = Support("iu", positives, 100, auroc, low, auroc and auroc + 0.1)

    assert support.status is status
