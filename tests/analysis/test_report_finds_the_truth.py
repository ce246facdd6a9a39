"""Simulated studies whose truth is known: the report recovers the ranking and the correlation, and
finds the planted careless raters and the biased judge."""

from typing import Any

import pytest

from analysis.report.build import Options, build
from tests.analysis.simulated_study import STRENGTHS, Scene, export

OPTIONS = Options(now="2026-02-01T12:00:00Z", seed=1)
SCENE = Scene(
    people={"good": 26, "noisy": 3, "position-biased": 3, "careless": 4},
    judges={"fair-1": "good", "sided-1": "biased", "fan-1": "favours:S3"},
    seed=3,
)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return build(export(SCENE), OPTIONS)


def judge(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in found["judges"]["judges"] if one["judge"].startswith(name))


def test_the_ranking_of_the_systems_is_recovered(found: dict[str, Any]) -> None:
    strengths = found["preferences"][0]["fit"]["strengths"]
    order = sorted(strengths, key=lambda name: -strengths[name]["estimate"])
    truth = sorted(STRENGTHS, key=lambda label: -STRENGTHS[label])
    assert order == [f"system {label[1:]}" for label in truth]


def test_mean_ratings_have_the_same_order(found: dict[str, Any]) -> None:
    for part in found["ratings"]:
        means = {one["system"]: one["mean"]["estimate"] for one in part["systems"]}
        assert means["system 2"] > means["system 1"] > means["system 3"]


def test_the_primary_outcome_is_the_contrast_of_the_plan(found: dict[str, Any]) -> None:
    primary = found["primary"]
    assert (primary["first"], primary["second"]) == ("system 2", "system 1")
    assert primary["estimate"]["low"] > 0
    assert primary["p"] < 0.001


def test_the_error_that_is_left_goes_with_lower_ratings(found: dict[str, Any]) -> None:
    for part in found["objective"]:
        if part["measure"] == "error_after_db" and part["kind"] == "scale":
            assert part["spearman"]["high"] < -0.4
            assert part["within_item"]["p"] < 0.01


def test_advice_that_is_right_is_rated_higher(found: dict[str, Any]) -> None:
    rights = [one for one in found["objective"] if one["measure"] == "right" and "spearman" in one]
    assert len(rights) == 2
    assert all(one["spearman"]["low"] > 0 for one in rights)


def test_the_planted_careless_raters_are_left_out_and_nobody_else(found: dict[str, Any]) -> None:
    left_out = {one["rater"] for one in found["failures"]["left_out"]}
    assert left_out == {"r032", "r033", "r034", "r035"}
    assert found["flow"][-1]["n_raters"] == 32


def test_without_exclusions_the_effect_is_smaller_and_stands_beside_it(
    found: dict[str, Any],
) -> None:
    careful, everybody = found["side_by_side"]
    assert (careful["name"], everybody["name"]) == ("careful", "none")
    assert everybody["n_raters"] == 36
    with_all, with_few = (one["primary"]["estimate"]["estimate"] for one in (everybody, careful))
    assert 0 < with_all < with_few


def test_a_fair_judge_is_about_as_good_as_a_person(found: dict[str, Any]) -> None:
    difference = judge(found, "fair")["votes"][0]["agreement"]["difference"]
    assert difference["high"] > 0
    assert difference["estimate"] > -0.05


@pytest.mark.parametrize("name", ["sided", "fan"])
def test_a_biased_judge_is_below_the_human_ceiling(found: dict[str, Any], name: str) -> None:
    agreement = judge(found, name)["votes"][0]["agreement"]
    assert agreement["difference"]["high"] < 0


def test_a_judge_run_once_has_no_reliability_to_allow_for(found: dict[str, Any]) -> None:
    told = judge(found, "fair")["ratings"][0]["disattenuated"]
    assert told["cannot"] == "reliability of the judge is not known: nothing rated twice"


def test_a_judge_run_twice_is_one_rater_whose_reliability_is_allowed_for() -> None:
    values = export(Scene(people={"good": 8}, judges={"a-1": "good", "a-2": "good"}, seed=5))
    for rater in values["raters"]:
        if rater["judge"]:
            rater["judge"] |= {"name": "a", "model": "a"}
    found = build(values, OPTIONS)
    assert [one["n_raters"] for one in found["judges"]["judges"]] == [2]
    part = judge(found, "a")["ratings"][0]
    assert part["disattenuated"]["estimate"] > part["agreement"]["pearson"]["estimate"]


def test_judges_of_a_panel_stand_alone_and_together() -> None:
    judges = {"fair-1": "good", "other-1": "good", "sided-1": "biased"}
    values = export(Scene(people={"good": 12}, judges=judges, seed=7))
    for rater in values["raters"]:
        if rater["judge"]:
            rater["judge"] |= {"panel": "three"}
    found = build(values, OPTIONS)
    *alone, together = found["judges"]["judges"]
    assert len(alone) == 3
    assert together["judge"].startswith("panel three: ")
    agreed = {one["judge"]: one["votes"][0]["agreement"]["judge"]["estimate"] for one in alone}
    of_panel = together["votes"][0]["agreement"]["judge"]["estimate"]
    assert min(agreed.values()) < of_panel <= max(agreed.values()) + 0.1
    assert together["votes"][0]["n"] == alone[0]["votes"][0]["n"]


def test_the_bias_to_a_side_shows_in_swapped_pairs(found: dict[str, Any]) -> None:
    sided, fair = (judge(found, name)["votes"][0] for name in ("sided", "fair"))
    assert sided["first_side_share"]["low"] > 0.6
    assert sided["swap_consistency"]["high"] < fair["swap_consistency"]["low"]


def test_a_judge_who_favours_a_system_ranks_it_first(found: dict[str, Any]) -> None:
    assert judge(found, "fan")["votes"][0]["ranking"]["correlation"]["estimate"] < 0.5


@pytest.mark.slow
def test_intervals_of_the_contrast_hold_the_truth_in_most_studies() -> None:
    # The large-sample value of the contrast, from one study of 2,000 votes.
    large = build(export(Scene(people={"good": 120}, votes_each=18, items=18, seed=50)), OPTIONS)[
        "primary"
    ]["estimate"]["estimate"]
    hits = 0
    for seed in range(4):
        scene = Scene(people={"good": 40}, items=18, rated_each=0, repeats=0, seed=100 + seed)
        primary = build(export(scene), OPTIONS)["primary"]["estimate"]
        hits += primary["low"] <= large <= primary["high"]
    assert hits >= 3
