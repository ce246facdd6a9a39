"""How figures are written and where the plots put them."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from analysis.vectors import STEMS
from annotate.plots import (
    DOT_WIDTH_PERCENT,
    PersonValues,
    Scale,
    step_path,
    strip_plot,
    waveform_path,
)
from annotate.templatetags import figures

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "written"),
    [(3.21, "+3.2"), (-0.4, "−0.4"), (0.04, "0.0"), (-0.04, "0.0"), (None, "–"), (NAN, "–")],
)
def test_a_level_is_written_with_its_sign_and_zero_has_none(
    value: float | None, written: str
) -> None:
    assert figures.signed(value) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0:00.0"), (59.96, "1:00.0"), (83.25, "1:23.2"), (None, "–"), (3600, "60:00.0")],
)
def test_a_time_is_written_as_on_a_clock(seconds: float | None, written: str) -> None:
    assert figures.clock(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(8.4, "8 s"), (125, "2 min 05 s"), (4800, "1 h 20 min"), (200_000, "2 days"), (None, "–")],
)
def test_a_length_is_written_as_one_says_it(seconds: float | None, written: str) -> None:
    assert figures.length_of_time(seconds) == written


@pytest.mark.parametrize(
    ("passed", "written"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=9), "9 days ago"),
    ],
)
def test_how_long_ago_is_rough(passed: timedelta, written: str) -> None:
    assert figures.ago(timezone.now() - passed) == written


def test_an_estimate_that_cannot_be_given_says_why_and_keeps_its_n() -> None:
    shown = figures.estimate({"estimate": None, "low": None, "high": None, "n": 2, "note": "few"})
    assert shown["value"] == "–"
    assert shown["interval"] == ""
    assert (shown["n"], shown["note"]) == (2, "few")


def person(letter: str, value_db: float | None) -> PersonValues:
    return PersonValues(letter, "person", False, dict.fromkeys(STEMS, value_db))


def test_dots_of_equal_value_stand_below_each_other_and_never_overlap() -> None:
    plot = strip_plot(
        [person(letter, 1.0) for letter in "ABCDE"], balance_db=None, low_db=None, high_db=None
    )
    dots = plot.rows[0].dots
    assert [dot.letter for dot in dots] == list("ABCDE")
    assert len({dot.y_px for dot in dots}) == 5
    for lane in {dot.y_px for dot in dots}:
        in_lane = sorted(dot.x_percent for dot in dots if dot.y_px == lane)
        gaps = [b - a for a, b in pairwise(in_lane)]
        assert all(gap >= DOT_WIDTH_PERCENT for gap in gaps)


def test_rows_grow_with_their_dots_and_follow_one_another() -> None:
    plot = strip_plot(
        [person(letter, 1.0) for letter in "ABCDE"], balance_db=None, low_db=None, high_db=None
    )
    for row, following in pairwise(plot.rows):
        assert all(row.top_px < dot.y_px < row.bottom_px for dot in row.dots)
        assert following.top_px == row.bottom_px


def test_every_value_and_the_released_mix_lie_within_the_plot() -> None:
    low, high = dict.fromkeys(STEMS, 3.0), dict.fromkeys(STEMS, 14.0)
    plot = strip_plot(
        [person("A", 9.0), person("B", None)],
        balance_db=dict.fromkeys(STEMS, 8.0),
        low_db=low,
        high_db=high,
    )
    row = plot.rows[2]
    assert row.consensus is not None
    assert 0 < plot.scale.percent(0.0) < row.consensus.low_percent
    assert row.consensus.low_percent + row.consensus.width_percent < 100
    assert len(row.dots) == 1


def test_a_scale_has_few_round_ticks_with_zero_among_them() -> None:
    for high in (0.3, 2.0, 7.0, 31.0):
        ticks = [tick.value for tick in Scale.over([-1.0, high], margin=0.2).ticks]
        assert 0.0 in ticks
        assert 2 <= len(ticks) <= 9


def test_a_waveform_keeps_its_peaks_when_it_is_thinned() -> None:
    levels = [0] * 5000
    levels[2500] = 255
    path = waveform_path(levels, width=100)
    assert path.count(",") == 200
    assert ",0.0" in path
    assert waveform_path([]) == ""


def test_a_step_holds_until_it_changes_and_stays_within_its_box() -> None:
    path = step_path([(0.0, 0.0), (5.0, 99.0)], duration_s=10.0, low=0.0, high=1.0)
    assert path == "M0.0,100.0H500.0V0.0H1000"
