"""The bar for a side word is as high as validation films ask for."""

from __future__ import annotations

from radscr_export.tune import NEVER, least_share


def test_a_side_is_asserted_from_the_share_at_which_nine_of_ten_are_right() -> None:
    clear = [(0.95 - index / 1000, True) for index in range(19)] + [(0.90, False)]
    vague = [(0.6, index % 2 == 0) for index in range(20)]

    assert least_share(clear + vague) == 0.90


def test_no_side_is_asserted_where_too_few_are_right_or_too_few_are_coded() -> None:
    guessed = [(0.5 + index / 100, index % 2 == 0) for index in range(40)]

    assert least_share(guessed) == NEVER
    assert least_share([(0.99, True)] * 9) == NEVER
    assert least_share([]) == NEVER
