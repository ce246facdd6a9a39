"""Rules that decide which annotations count."""

import json

import pytest

from analysis.rules import REASONS, AnnotationRecord, AnnotationRules, apply_rules

GOOD = AnnotationRecord("good", False, True, 10.0, 90.0)
NO_CHECK = AnnotationRecord("no-check", False, None, 10.0, 90.0)
FAILED = AnnotationRecord("failed", False, False, 10.0, 90.0)
NOVICE = AnnotationRecord("novice", False, True, 0.5, 90.0)
UNSTATED = AnnotationRecord("unstated", False, True, None, 90.0)
HASTY = AnnotationRecord("hasty", False, True, 10.0, 2.0)
MACHINE = AnnotationRecord("machine", True, None, None, 0.0)
EVERYONE = [GOOD, NO_CHECK, FAILED, NOVICE, UNSTATED, HASTY, MACHINE]


def test_the_defaults_let_every_annotation_in() -> None:
    selection = apply_rules(AnnotationRules(), EVERYONE)
    assert selection.kept == tuple(record.id for record in EVERYONE)
    assert selection.excluded == {}


@pytest.mark.parametrize(
    ("rules", "excluded"),
    [
        (AnnotationRules(headphones_only=True), {"no-check", "failed", "machine"}),
        (AnnotationRules(min_mixing_years=2), {"novice", "unstated", "machine"}),
        (AnnotationRules(min_listening_s=20.0), {"hasty", "machine"}),
        (AnnotationRules(include_simulated=False), {"machine"}),
        (AnnotationRules(set_aside=("good",)), {"good"}),
    ],
)
def test_each_rule_excludes_its_own(rules: AnnotationRules, excluded: set[str]) -> None:
    selection = apply_rules(rules, EVERYONE)
    assert set(selection.excluded) == excluded
    assert set(selection.kept) == {record.id for record in EVERYONE} - excluded


def test_every_reason_that_applies_is_given_and_counted() -> None:
    rules = AnnotationRules(True, 1.0, False, 10.0, ("machine",))
    selection = apply_rules(rules, EVERYONE)
    assert selection.excluded["machine"] == tuple(REASONS)
    assert selection.excluded["hasty"] == ("listening",)
    assert selection.counts() == {
        "set_aside": 1,
        "simulated": 1,
        "headphones": 3,
        "experience": 3,
        "listening": 2,
    }


def test_just_enough_is_enough() -> None:
    rules = AnnotationRules(min_mixing_years=10.0, min_listening_s=90.0)
    assert apply_rules(rules, [GOOD]).kept == ("good",)


def test_rules_round_trip_through_json_and_equal_rules_give_equal_json() -> None:
    rules = AnnotationRules(True, 2.5, False, 20.0, ("b", "a", "b"))
    text = json.dumps(rules.as_json())
    assert AnnotationRules.from_json(json.loads(text)) == rules
    same = AnnotationRules(True, 2.5, False, 20.0, ("a", "b"))
    assert json.dumps(same.as_json()) == text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"min_listening": 3}, "unknown min_listening"),
        ({"min_listening_s": -1}, "min_listening_s: expected a number of 0 or more, got -1"),
        ({"min_mixing_years": float("nan")}, "min_mixing_years: .* got nan"),
        ({"headphones_only": "yes"}, "headphones_only: expected true or false, got 'yes'"),
        ({"set_aside": "abc"}, "set_aside: expected a list of ids, got 'abc'"),
    ],
)
def test_rules_that_do_not_fit_are_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AnnotationRules.from_json(values)
