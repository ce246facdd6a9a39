"""Recorded rules find who was planted, say n at every step, and leave the rest alone."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.study_export import read_export
from analysis.study_parts import ExportError, Study
from analysis.study_rules import (
    RATER_RULES,
    TRIAL_RULES,
    Rule,
    RuleSet,
    Selection,
    chosen_rule_set,
    rule_sets,
    select,
)
from tests.analysis.simulated_study import Scene, export

SCENE = Scene(people={"good": 8, "careless": 3}, items=6, votes_each=4, rated_each=3)


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return export(SCENE)


@pytest.fixture(scope="module")
def study(plain: dict[str, Any]) -> Study:
    return read_export(plain)


def chosen(study: Study, *rules: Rule) -> Selection:
    return select(study, RuleSet("test", "", rules))


CARELESS = {8, 9, 10}


@pytest.mark.parametrize(
    "rule",
    [
        Rule("attention at least", 2),
        Rule("headphones passed"),
        Rule("all audio played"),
        Rule("listened at least s", 5),
        Rule("duration at least s", 100),
    ],
)
def test_each_rule_finds_the_careless_raters_and_nobody_else(study: Study, rule: Rule) -> None:
    kept = chosen(study, rule)
    assert set(np.flatnonzero(~kept.raters)) == CARELESS


def test_a_rater_who_always_answers_the_same_has_no_variance(plain: dict[str, Any]) -> None:
    edited = copy.deepcopy(plain)
    own = {one["trial"] for one in edited["trials"] if one["rater"] == "r000"}
    for one in edited["judgements"]:
        if one["trial"] in own:
            one["value"] = "A" if one["question"] == "better" else 4.0
    kept = chosen(read_export(edited), Rule("some variance"))
    assert np.flatnonzero(~kept.raters).tolist() == [0]


def test_a_rater_who_answers_repeats_otherwise_is_found(plain: dict[str, Any]) -> None:
    edited = copy.deepcopy(plain)
    trials = {one["trial"]: one for one in edited["trials"]}
    votes = [one for one in edited["judgements"] if one["question"] == "better"]
    for one in votes:
        trial = trials[one["trial"]]
        if trial["rater"] == "r001":
            one["value"] = "A" if trial["kind"] == "repeat" else "B"
        else:
            one["value"] = "A"
    kept = chosen(read_export(edited), Rule("repeats within one step at least", 2))
    assert np.flatnonzero(~kept.raters).tolist() == [1]


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("review", {"verdict": "rejected", "reason": "a bot"}, Rule("not rejected")),
        ("state", "dropped", Rule("complete")),
    ],
)
def test_reviews_and_states_leave_raters_out(
    plain: dict[str, Any], field: str, value: Any, rule: Rule
) -> None:
    edited = copy.deepcopy(plain)
    edited["raters"][2][field] = value
    assert np.flatnonzero(~chosen(read_export(edited), rule).raters).tolist() == [2]


@pytest.mark.parametrize(
    ("field", "value"),
    [("run", "pilot"), ("run", "preview"), ("kind", "simulated"), ("state", "withdrawn"),
     ("state", "screened out"), ("state", "attention failed")],
)  # fmt: skip
def test_who_was_never_part_of_the_study_is_left_out_without_any_rule(
    plain: dict[str, Any], field: str, value: str
) -> None:
    edited = copy.deepcopy(plain)
    edited["raters"][3][field] = value
    kept = chosen(read_export(edited))
    assert not kept.raters[3]
    assert kept.raters.sum() == 10


def test_simulated_raters_are_there_when_asked_for(plain: dict[str, Any]) -> None:
    edited = copy.deepcopy(plain)
    edited["raters"][3]["kind"] = "simulated"
    kept = select(read_export(edited), RuleSet("none", "", ()), include_simulated=True)
    assert kept.raters[3]


@given(st.lists(st.sampled_from([*RATER_RULES, *TRIAL_RULES]), max_size=5))
@settings(max_examples=25, deadline=None)
def test_n_never_rises_and_every_step_adds_up(names: list[str]) -> None:
    kept = chosen(STUDY, *(Rule(name, 1.0) for name in names))
    for before, after in zip(kept.flow, kept.flow[1:], strict=False):
        assert before.n_raters - after.left_out == after.n_raters
        assert before.n_trials - after.trials_left_out == after.n_trials
        assert after.left_out >= 0
    assert kept.flow[-1].n_raters == kept.raters.sum()
    assert not kept.trials[~kept.raters[STUDY.trials.rater]].any()


def test_reasons_name_the_rule(study: Study) -> None:
    kept = chosen(study, Rule("headphones passed"))
    assert kept.reasons == dict.fromkeys(CARELESS, ("headphones passed",))


def test_a_rule_that_does_not_apply_is_said_and_leaves_everybody_in(study: Study) -> None:
    kept = chosen(study, Rule("hidden reference"))
    assert kept.raters.all()
    assert kept.notes == (
        "hidden reference: not applied, no reference was rated on a mushra scale",
    )


def test_the_primary_set_is_that_of_the_plan_and_the_empty_one_is_always_there(
    study: Study,
) -> None:
    assert [one.name for one in rule_sets(study)] == ["careful", "none"]
    assert chosen_rule_set(study, None).name == "careful"
    assert chosen_rule_set(study, "none").rules == ()


def test_an_unknown_set_is_refused_with_those_there_are(study: Study) -> None:
    with pytest.raises(ExportError, match="no set 'strict' in this export; there are careful"):
        chosen_rule_set(study, "strict")


def test_an_unknown_rule_is_refused_with_those_known(plain: dict[str, Any]) -> None:
    edited = copy.deepcopy(plain)
    edited["exclusions"][0]["rules"] = [{"rule": "is nice"}]
    with pytest.raises(ExportError, match="exclusions careful: no rule 'is nice'; known are"):
        rule_sets(read_export(edited))


@pytest.mark.parametrize("rule", [*RATER_RULES, *TRIAL_RULES])
def test_every_rule_is_explained(rule: str) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "report.md"
    assert f"`{rule}`" in page.read_text(encoding="utf-8")


def mushra(plain: dict[str, Any], reference: float, anchor: float) -> Study:
    """One rater, ten mushra trials; two of them with these values, the others flawless."""
    edited = copy.deepcopy(plain)
    edited["protocol"]["blocks"] = [
        {"key": "mix", "type": "mushra", "systems": ["S1"], "questions": [
            {"key": "quality", "kind": "scale", "low": 0, "high": 100, "step": 1}]}
    ]  # fmt: skip
    roles = ("system", "reference", "anchor")
    edited["items"] = [
        {"item": f"i{n}", "block": "mix", "stimuli": [
            {"stimulus": f"i{n}.{place}", "system": "S1" if place == 0 else None, "role": role}
            for place, role in enumerate(roles)]}
        for n in range(10)
    ]  # fmt: skip
    edited["raters"] = edited["raters"][:1]
    edited["trials"] = [
        {"trial": f"t{n}", "rater": "r000", "item": f"i{n}",
         "sides": {"A": f"i{n}.0", "B": f"i{n}.1", "C": f"i{n}.2"}}
        for n in range(10)
    ]  # fmt: skip
    edited["judgements"] = [
        {"trial": f"t{n}", "question": "quality",
         "value": {"A": 60, "B": reference if n < 2 else 100, "C": anchor if n < 2 else 20}}
        for n in range(10)
    ]  # fmt: skip
    return read_export(edited)


@pytest.mark.parametrize(
    ("reference", "anchor", "rule", "is_kept"),
    [(80, 20, "hidden reference", False), (90, 20, "hidden reference", True),
     (100, 95, "mid anchor", False), (100, 90, "mid anchor", True)],
)  # fmt: skip
def test_the_rules_of_bs_1534_hold_for_more_than_fifteen_percent_of_the_items(
    plain: dict[str, Any], reference: float, anchor: float, rule: str, is_kept: bool
) -> None:
    kept = chosen(mushra(plain, reference, anchor), Rule(rule))
    assert kept.raters[0] == is_kept


STUDY = read_export(export(SCENE))
