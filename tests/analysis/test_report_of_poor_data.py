"""Whatever a study lacks, the report says what cannot be computed and why, and gives the rest."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from analysis.report.build import Options, build
from analysis.report.figures import figures
from analysis.report.page import page
from analysis.report.tables import csv_files
from tests.analysis.simulated_study import Scene, export

Plain = dict[str, Any]
OPTIONS = Options(now="2026-02-01T12:00:00Z")
SCENE = Scene(people={"good": 5}, judges={"fair-1": "good"}, items=4, votes_each=4, rated_each=3)


@pytest.fixture(scope="module")
def plain() -> Plain:
    return export(SCENE)


def report(values: Plain) -> Plain:
    """The report's values, all parts of its page and tables made."""
    found = build(values, OPTIONS)
    json.dumps(found, allow_nan=False)
    assert page(found, {}).count("<h2>") == 13
    assert all(text.count("\n") >= 1 for text in csv_files(found).values())
    return found


def every_vote(value: str) -> Callable[[Plain], None]:
    def change(values: Plain) -> None:
        for one in values["judgements"]:
            if one["question"] == "better":
                one["value"] = value

    return change


def no_answers(values: Plain) -> None:
    values["judgements"] = []


def nobody(values: Plain) -> None:
    values["raters"], values["trials"], values["judgements"] = [], [], []


def one_person(values: Plain) -> None:
    own = {one["trial"] for one in values["trials"] if one["rater"] == "r000"}
    values["raters"] = values["raters"][:1]
    values["trials"] = [one for one in values["trials"] if one["rater"] == "r000"]
    values["judgements"] = [one for one in values["judgements"] if one["trial"] in own]


def constant_ratings(values: Plain) -> None:
    for one in values["judgements"]:
        if one["question"] != "better":
            one["value"] = 4


def one_system(values: Plain) -> None:
    kept = {
        stimulus["stimulus"]
        for item in values["items"]
        for stimulus in item["stimuli"]
        if stimulus["system"] == "S1"
    }
    values["trials"] = [one for one in values["trials"] if set(one["sides"].values()) <= kept]
    trials = {one["trial"] for one in values["trials"]}
    values["judgements"] = [one for one in values["judgements"] if one["trial"] in trials]


def missing_scale(values: Plain) -> None:
    values["judgements"] = [one for one in values["judgements"] if one["question"] != "clear"]


def disconnected(values: Plain) -> None:
    """Only S1 against S2 is left, and a fourth system meets nobody but a fifth."""
    for item in values["items"]:
        if item["block"] == "pairs" and item["kind"] == "main":
            for label in ("S4", "S5"):
                key = f"{item['item']}.{label}"
                item["stimuli"].append({"stimulus": key, "system": label, "role": "system"})
    values["systems"] += [
        {**values["systems"][0], "system": label, "name": label} for label in ("S4", "S5")
    ]
    for place, one in enumerate(values["trials"]):
        if one["block"] == "pairs" and place % 2:
            one["sides"] = {"A": f"{one['item']}.S4", "B": f"{one['item']}.S5"}
    known = {s["stimulus"] for item in values["items"] for s in item["stimuli"]}
    values["trials"] = [t for t in values["trials"] if set(t["sides"].values()) <= known]
    trials = {one["trial"] for one in values["trials"]}
    values["judgements"] = [one for one in values["judgements"] if one["trial"] in trials]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (nobody, "there are no votes"),
        (no_answers, "there are no votes"),
        (one_system, "there are no votes"),
        (every_vote("tie"), "votes are ties"),
        (disconnected, "parts that were never compared with each other"),
    ],
)
def test_strengths_that_cannot_be_fitted_say_why(
    plain: Plain, change: Callable[[Plain], None], told: str
) -> None:
    values = copy.deepcopy(plain)
    change(values)
    found = report(values)
    assert told in found["preferences"][0]["fit"]["cannot"]
    assert told in found["primary"]["cannot"]
    assert told in page(found, {})


@pytest.mark.parametrize("change", [nobody, one_person])
def test_figures_are_drawn_from_what_there_is(
    plain: Plain, change: Callable[[Plain], None]
) -> None:
    values = copy.deepcopy(plain)
    change(values)
    drawn = figures(build(values, OPTIONS))
    assert ("ratings_rated" in drawn) == (change is one_person)
    assert all(one.svg.startswith("<?xml") for one in drawn.values())


def test_one_person_gives_figures_without_intervals(plain: Plain) -> None:
    values = copy.deepcopy(plain)
    one_person(values)
    found = report(values)
    mean = found["ratings"][0]["systems"][0]["mean"]
    assert mean["estimate"] is not None
    assert mean["low"] is None
    assert mean["note"] == "no interval: one rater"
    assert any("1 raters are few" in line for line in found["limits"])


@pytest.mark.parametrize("n_people", [2, 3])
def test_two_or_three_people_give_a_report_with_cautions(n_people: int) -> None:
    scene = Scene(people={"good": n_people}, items=2, votes_each=2, rated_each=1)
    found = report(export(scene))
    assert found["flow"][-1]["n_raters"] == n_people
    assert any("are few" in line for line in found["limits"])


def test_constant_ratings_have_means_but_no_tests(plain: Plain) -> None:
    values = copy.deepcopy(plain)
    constant_ratings(values)
    part = report(values)["ratings"][0]
    assert part["systems"][0]["mean"]["estimate"] == 4
    assert "nothing varies" in part["mixed"]["cannot"]
    assert part["pairs"][0]["signed_rank"]["cannot"] == "all differences are zero"


def test_a_scale_without_answers_is_said_and_the_other_one_given(plain: Plain) -> None:
    values = copy.deepcopy(plain)
    missing_scale(values)
    helpful, clear = report(values)["ratings"]
    assert "cannot" not in helpful["mixed"]
    assert clear["mixed"]["cannot"] == "there are no ratings"


def test_a_plan_without_a_primary_outcome_makes_everything_exploratory(plain: Plain) -> None:
    values = copy.deepcopy(plain)
    values["protocol"]["plan"] = {}
    found = report(values)
    assert found["primary"]["cannot"].startswith("the plan names no primary outcome")


def test_a_plan_that_names_what_was_not_asked_is_said(plain: Plain) -> None:
    values = copy.deepcopy(plain)
    values["protocol"]["plan"]["primary"]["question"] = "taste"
    found = report(values)
    assert "taste of block pairs was not asked" in found["primary"]["cannot"]


@pytest.mark.parametrize("model", ["mixed", "clustered signed rank", "cumulative logit"])
def test_a_primary_outcome_on_a_scale_follows_its_model(plain: Plain, model: str) -> None:
    values = copy.deepcopy(plain)
    values["protocol"]["plan"]["primary"] |= {
        "block": "rated", "question": "helpful", "model": model
    }  # fmt: skip
    primary = report(values)["primary"]
    assert (primary["first"], primary["second"], primary["model"]) == (
        "system 2", "system 1", model
    )  # fmt: skip
    assert primary["estimate"]["estimate"] > 0


def test_failed_trials_of_a_judge_are_counted_by_reason(plain: Plain) -> None:
    values = copy.deepcopy(plain)
    judged = [one for one in values["trials"] if one["rater"] == "j005"]
    judged[0] |= {"state": "failed", "failure": "refused"}
    gone = judged[0]["trial"]
    values["judgements"] = [one for one in values["judgements"] if one["trial"] != gone]
    found = report(values)
    assert found["judges"]["judges"][0]["failed"]["reasons"] == {"refused": 1}


def test_a_ranking_is_a_preference_and_a_rating(plain: Plain) -> None:
    values = copy.deepcopy(plain)
    values["protocol"]["blocks"] = [
        {"key": "rank", "type": "ranking", "systems": ["S1", "S2", "S3"],
         "questions": [{"key": "order", "kind": "ranking", "text": "Order them"}]}
    ]  # fmt: skip
    values["items"] = [one for one in values["items"] if one["block"] == "rated"]
    for item in values["items"]:
        item["block"] = "rank"
    values["raters"] = values["raters"][:5]
    values["trials"], values["judgements"] = [], []
    for rater in range(5):
        for place, item in enumerate(values["items"]):
            key = f"t{rater}-{place}"
            sides = dict(zip("ABC", (s["stimulus"] for s in item["stimuli"]), strict=True))
            values["trials"].append(
                {"trial": key, "rater": f"r00{rater}", "item": item["item"], "sides": sides}
            )
            order = ["B", "A", "C"] if (rater + place) % 4 else ["A", ["B", "C"]]
            values["judgements"].append({"trial": key, "question": "order", "value": order})
    found = report(values)
    strengths = found["preferences"][0]["fit"]["strengths"]
    assert max(strengths, key=lambda name: strengths[name]["estimate"]) == "system 2"
    assert found["ratings"][0]["rank_test"]["name"] == "Friedman"
