"""The form in which exclusion rules are put together: a box for each rule, a value where it has
one."""

import math
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A rule that can be chosen; `default` is the value offered, None where it takes none."""

    rule: str
    text: str | Promise
    default: float | None = None
    unit: str | Promise = ""

    @property
    def field(self) -> str:
        return self.rule.replace(" ", "-")


RULE_KINDS = (
    RuleKind("complete", gettext_lazy("completed the study")),
    RuleKind("not rejected", gettext_lazy("was not rejected by a researcher")),
    RuleKind(
        "attention at least", gettext_lazy("attention checks answered rightly"), 1,
        gettext_lazy("or more"),
    ),
    RuleKind("headphones passed", gettext_lazy("passed the headphone check")),
    RuleKind(
        "repeats within one step at least", gettext_lazy("repeats answered as before"), 1,
        gettext_lazy("or more"),
    ),
    RuleKind(
        "some variance", gettext_lazy("spread of a question's answers, in units of the scale"), 0,
        gettext_lazy("or less is too little"),
    ),
    RuleKind(
        "duration at least s", gettext_lazy("time on all trials"), 300, gettext_lazy("s or more")
    ),
    RuleKind("all audio played", gettext_lazy("only trials in which every sound was played")),
    RuleKind(
        "listened at least s", gettext_lazy("only trials in which every sound was heard for"), 5,
        gettext_lazy("s or more"),
    ),
    RuleKind("hidden reference", gettext_lazy("found the hidden reference (BS.1534-3)")),
    RuleKind("mid anchor", gettext_lazy("told the mid anchor apart (BS.1534-3)")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """A rule as the form shows it."""

    kind: RuleKind
    is_chosen: bool
    value: str
    fault: str = ""


def read_rules(data: QueryDict) -> tuple[list[dict[str, Any]], list[RuleChoice]]:
    """The rules that were chosen, and the form as it was filled in; a choice with a fault is not
    among the rules."""
    rules: list[dict[str, Any]] = []
    choices = []
    for kind in RULE_KINDS:
        is_chosen = data.get(kind.field) == "on"
        given = data.get(f"{kind.field}-value", "")
        value, fault = _value(kind, given) if is_chosen else (None, "")
        if is_chosen and not fault:
            rules.append({"rule": kind.rule, "value": value})
        shown = given or ("" if kind.default is None else f"{kind.default:g}")
        choices.append(RuleChoice(kind, is_chosen, shown, fault))
    return rules, choices


def _value(kind: RuleKind, given: str) -> tuple[float | None, str]:
    if kind.default is None:
        return None, ""
    try:
        value = float(given.replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 <= value <= 100_000:
        return None, _("Give a number from 0 on.")
    return value, ""
