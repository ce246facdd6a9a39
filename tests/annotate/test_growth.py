"""Agreement as it grows: a point for each new number of annotations, anew under other rules."""

from collections.abc import Callable
from typing import Any

from analysis.rules import AnnotationRules
from annotate.models import Campaign, ConsensusDraft
from annotate.plots import growth_plot
from annotate.services.campaigns import decide
from annotate.services.consensus import MOST_POINTS, compute_draft, grown, set_rules
from tests.annotate.conftest import NOW
from tests.annotate.researcher_cast import annotate_all


def result(n: int, se_db: float | None = 1.0) -> dict:
    stems = ("vocals", "drums", "bass", "other")
    return {"n_annotations": n, "agreement": {s: {"se_db": {"estimate": se_db}} for s in stems}}


def test_each_new_number_of_annotations_adds_a_point_and_the_same_number_replaces_it(
    make_campaign: Callable[..., Campaign],
) -> None:
    campaign = make_campaign(2, overlap=6, repeats=0)
    for people in (2, 1):
        annotate_all(campaign, people)
    compute_draft(campaign, now=NOW)
    growth = ConsensusDraft.objects.get(campaign=campaign).growth
    assert [point["n"] for point in growth] == [4, 6]
    assert all(point["se_db"]["vocals"] > 0 for point in growth)


def test_other_rules_begin_a_new_series(make_campaign: Callable[..., Campaign]) -> None:
    campaign = make_campaign(2, overlap=6, repeats=0)
    annotate_all(campaign, 3)
    set_rules(campaign, AnnotationRules(min_listening_s=1.0))
    assert ConsensusDraft.objects.get(campaign=campaign).growth == []


def test_without_any_figure_there_is_no_point() -> None:
    assert grown([], result(1, None)) == []


def test_a_long_series_is_thinned_and_keeps_its_end() -> None:
    growth: list[dict] = []
    for n in range(1, 3 * MOST_POINTS):
        growth = grown(growth, result(n))
    assert len(growth) <= MOST_POINTS + 1
    assert growth[-1]["n"] == 3 * MOST_POINTS - 1
    assert [point["n"] for point in growth] == sorted({point["n"] for point in growth})


def test_the_plot_spans_the_numbers_and_ends_at_the_present_value() -> None:
    growth = grown(grown(grown([], result(2, 2.0)), result(4, 1.5)), result(8, 1.0))
    plot = growth_plot(growth)
    assert plot is not None
    assert (plot.first_n, plot.last_n) == (2, 8)
    line = plot.lines[0]
    places = [tuple(map(float, point.split(","))) for point in line.path[1:].split(" ")]
    assert [x for x, _ in places] == [0.0, 333.33, 1000.0]
    heights = [y for _, y in places]
    assert heights == sorted(heights), "a smaller error lies lower, which is further down in SVG"
    assert line.last_db == 1.0


def test_one_point_is_no_growth() -> None:
    assert growth_plot(grown([], result(3))) is None


def test_an_excerpt_that_is_set_aside_counts_in_no_figure_of_agreement(
    make_campaign: Callable[..., Campaign], researcher: Any
) -> None:
    campaign = make_campaign(3, overlap=4, repeats=0)
    annotate_all(campaign, 4)
    before = compute_draft(campaign, now=NOW).result["agreement"]["vocals"]["se_db"]["n"]
    item = campaign.items.first()
    decide(item=item, verdict="set aside", reason="distorted", extra=0, by=researcher, now=NOW)
    after = compute_draft(campaign, now=NOW).result["agreement"]["vocals"]["se_db"]["n"]
    assert (before, after) == (12, 8)
