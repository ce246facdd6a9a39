"""Exclusions of a study as recorded rules: who and what is left out, why, and n at every step.

Rules leave out raters, or single trials; nothing is deleted. Who was never part of the study
(simulated, pilot and preview runs, screened out, withdrawn) is left out before any rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.annotations import BoolArray
from analysis.results import CannotCompute
from analysis.study_facts import Facts
from analysis.study_parts import TRIAL_KINDS, TRIAL_STATES, ExportError, Study

PRIMARY = "primary"
NONE = "none"
"""The set without rules, which every report shows beside the others."""


@dataclass(frozen=True)
class Rule:
    """One recorded rule; `value` is its threshold where it has one."""

    rule: str
    value: float | None = None

    @property
    def shown(self) -> str:
        return self.rule if self.value is None else f"{self.rule} {self.value:g}"

    def threshold(self) -> float:
        """The value, or the rule's default."""
        return DEFAULTS.get(self.rule, 0.0) if self.value is None else self.value


@dataclass(frozen=True)
class RuleSet:
    """Rules under one name; applied in order."""

    name: str
    title: str
    rules: tuple[Rule, ...]
    is_primary: bool = False

    def as_json(self) -> dict[str, Any]:
        rules = [{"rule": rule.rule, "value": rule.value} for rule in self.rules]
        return {"name": self.name, "title": self.title, "rules": rules}


@dataclass(frozen=True)
class FlowStep:
    """n after one step, and what the step took."""

    step: str
    n_raters: int
    n_trials: int
    left_out: int
    """Raters that this step left out."""
    trials_left_out: int

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True, eq=False)
class Selection:
    """What a rule set keeps of the people's answers.

    `trials` (n_trials,) is True for answered trials that count; it holds repeats too. `reasons`
    names, by rater, the rules that left the rater out.
    """

    rule_set: RuleSet
    raters: BoolArray
    trials: BoolArray
    flow: tuple[FlowStep, ...]
    reasons: Mapping[int, tuple[str, ...]]
    notes: tuple[str, ...]

    def of_kind(self, study: Study, *kinds: str) -> BoolArray:
        """The kept trials of these kinds."""
        wanted = [TRIAL_KINDS.index(kind) for kind in kinds]
        return self.trials & np.isin(study.trials.kind, wanted)


DEFAULTS = {
    "attention at least": 1.0,
    "repeats within one step at least": 1.0,
    "some variance": 0.0,
}
HIDDEN_REFERENCE_LEAST, MID_ANCHOR_MOST, SHARE_OF_ITEMS = 90.0, 90.0, 0.15
"""ITU-R BS.1534-3, section 4.1.2: on a scale of 0 to 100, for more than 15 % of the items."""

RaterRule = Callable[[Facts, float], BoolArray]
TrialRule = Callable[[Facts, float], BoolArray]

RATER_RULES: dict[str, RaterRule] = {
    "attention at least": lambda facts, value: ~(facts.attention_passed() < value),
    "headphones passed": lambda facts, _: facts.gate_passed("headphones"),
    "repeats within one step at least": lambda facts, value: facts.repeats_kept(value),
    "some variance": lambda facts, value: facts.spread_of_scale() > value,
    "duration at least s": lambda facts, value: facts.time_spent_s() >= value,
    "not rejected": lambda facts, _: ~facts.is_rejected(),
    "complete": lambda facts, _: facts.has_state("complete"),
    "hidden reference": lambda facts, _: (
        facts.share_of_reference_below(HIDDEN_REFERENCE_LEAST) <= SHARE_OF_ITEMS
    ),
    "mid anchor": lambda facts, _: facts.share_of_anchor_above(MID_ANCHOR_MOST) <= SHARE_OF_ITEMS,
}
"""Rule to the raters that pass, shape (n_raters,)."""

TRIAL_RULES: dict[str, TrialRule] = {
    "all audio played": lambda facts, _: facts.all_played(),
    "listened at least s": lambda facts, value: facts.listened_least_s() >= value,
}
"""Rule to the trials that pass, shape (n_trials,)."""


def rule_set_of(values: Mapping[str, Any]) -> RuleSet:
    """A recorded set of the export.

    Raises:
        ExportError: a rule or its value is unknown; one line.
    """
    name = str(values.get("name", ""))
    rules = []
    for one in values.get("rules") or []:
        rule = one.get("rule") if isinstance(one, Mapping) else None
        if rule not in RATER_RULES and rule not in TRIAL_RULES:
            allowed = ", ".join([*RATER_RULES, *TRIAL_RULES])
            raise ExportError(f"exclusions {name}: no rule {rule!r}; known are {allowed}")
        value = one.get("value")
        if isinstance(value, bool) or (value is not None and not isinstance(value, int | float)):
            raise ExportError(f"exclusions {name}: {rule} = {value!r}: a number is expected")
        rules.append(Rule(str(rule), None if value is None else float(value)))
    title = str(values.get("title") or name)
    return RuleSet(name, title, tuple(rules), bool(values.get("is_primary")))


def rule_sets(study: Study) -> list[RuleSet]:
    """Every recorded set, the primary one first; the empty set is last."""
    found = [rule_set_of(values) for values in study.exclusions]
    planned = study.plan.get("exclusions")
    if isinstance(planned, list) and planned and not any(one.is_primary for one in found):
        values = {"name": "plan", "title": "As the plan says", "rules": planned}
        found.append(rule_set_of({**values, "is_primary": True}))
    if isinstance(planned, str) and not any(one.is_primary for one in found):
        found = [RuleSet(one.name, one.title, one.rules, one.name == planned) for one in found]
    found.sort(key=lambda one: not one.is_primary)
    return [*found, RuleSet(NONE, "No exclusions", ())]


def chosen_rule_set(study: Study, name: str | None) -> RuleSet:
    """The set of this name; without one the primary set, or the empty set where there is none.

    Raises:
        ExportError: no set of this name; names those there are.
    """
    sets = rule_sets(study)
    if name is None or (name == PRIMARY and all(one.name != PRIMARY for one in sets)):
        return sets[0] if sets[0].is_primary else sets[-1]
    for one in sets:
        if one.name == name:
            return one
    raise ExportError(
        f"exclusions: no set {name!r} in this export; there are {', '.join(s.name for s in sets)}"
    )


def select(study: Study, rule_set: RuleSet, *, include_simulated: bool = False) -> Selection:
    """Apply a rule set to the people (and simulated raters if asked for) of a study."""
    facts = Facts(study)
    answered = study.trials.state == TRIAL_STATES.index("answered")
    flow = _Flow(study, answered)
    for step, keep in _before_rules(facts, include_simulated):
        flow.keep_raters(step, keep)
    flow.keep_raters("answered nothing", flow.has_trials())
    notes: list[str] = []
    reasons: dict[int, list[str]] = {}
    for rule in rule_set.rules:
        before = flow.raters.copy()
        try:
            _apply(flow, facts, rule)
        except CannotCompute as reason:
            notes.append(f"{rule.shown}: not applied, {reason}")
        for rater in np.flatnonzero(before & ~flow.raters):
            reasons.setdefault(int(rater), []).append(rule.shown)
    told = {rater: tuple(names) for rater, names in reasons.items()}
    return Selection(rule_set, flow.raters, flow.trials, tuple(flow.steps), told, tuple(notes))


def _before_rules(facts: Facts, include_simulated: bool) -> list[tuple[str, BoolArray]]:
    simulated = facts.has_kind("simulated")
    steps = [
        ("pilot or preview", facts.is_main_run()),
        ("simulated", ~simulated | include_simulated),
    ]
    for state in ("screened out", "withdrawn", "attention failed"):
        steps.append((state, ~facts.has_state(state)))
    return steps


def _apply(flow: "_Flow", facts: Facts, rule: Rule) -> None:
    if rule.rule in RATER_RULES:
        flow.keep_raters(f"fails: {rule.shown}", RATER_RULES[rule.rule](facts, rule.threshold()))
    else:
        flow.keep_trials(f"fails: {rule.shown}", TRIAL_RULES[rule.rule](facts, rule.threshold()))


class _Flow:
    """Raters and trials that are left, and n at every step."""

    def __init__(self, study: Study, answered: BoolArray) -> None:
        self._rater = study.trials.rater
        main = TRIAL_KINDS.index("main")
        self._counted = study.trials.kind == main
        people = Facts(study).has_kind("person") | Facts(study).has_kind("simulated")
        self.raters = people
        self.trials = answered & people[self._rater]
        self.steps: list[FlowStep] = []
        self._note("enrolled", int(people.sum()), 0)

    def has_trials(self) -> BoolArray:
        rows = self.trials & self._counted
        return np.bincount(self._rater[rows], minlength=len(self.raters)) > 0

    def keep_raters(self, step: str, keep: BoolArray) -> None:
        before, trials = int(self.raters.sum()), self._n_trials()
        self.raters = self.raters & keep
        self.trials = self.trials & self.raters[self._rater]
        self._note(step, before, trials)

    def keep_trials(self, step: str, keep: BoolArray) -> None:
        before, trials = int(self.raters.sum()), self._n_trials()
        self.trials = self.trials & keep
        self.raters = self.raters & self.has_trials()
        self.trials = self.trials & self.raters[self._rater]
        self._note(step, before, trials)

    def _n_trials(self) -> int:
        return int((self.trials & self._counted).sum())

    def _note(self, step: str, before: int, trials_before: int) -> None:
        n_raters, n_trials = int(self.raters.sum()), self._n_trials()
        first = not self.steps
        self.steps.append(
            FlowStep(
                step=step,
                n_raters=n_raters,
                n_trials=n_trials,
                left_out=0 if first else before - n_raters,
                trials_left_out=0 if first else trials_before - n_trials,
            )
        )
