"""Exclusions are recorded rules, never deletions. Their effect is worked out by the code of the
report itself, from the same export, so that page and report say the same."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from analysis.study_export import read_export
from analysis.study_parts import ExportError, Study
from analysis.study_rules import NONE, FlowStep, Selection, rule_set_of, select
from studies.exports.scope import Scope, snapshot
from studies.exports.whole import json_parts
from studies.models import ExclusionRules, Judgement, StudyVersion
from studies.services import audit
from studies.services.groups import PEOPLE
from studies.services.refusing import Refused

# More than these take too long for a page; the report takes its time.
MOST_ANSWERS = 20_000
# Answers hardly ever get fewer: that there are too many is remembered.
REMEMBERED_S = 3600
PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Effect:
    """n at every step, and who is left out by which rules."""

    flow: tuple[FlowStep, ...]
    left_out: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...]

    @property
    def before(self) -> FlowStep:
        """n before the first rule: everybody who answered something."""
        return next(step for step in self.flow if step.step == "answered nothing")

    @property
    def after(self) -> FlowStep:
        return self.flow[-1]


def study_now(version: StudyVersion, now: datetime) -> Study | None:
    """The study as the report would read it; None where it is too large for a page."""
    if _is_too_large(version):
        return None
    with snapshot():
        text = "".join(json_parts(Scope(version, now)))
    return read_export(json.loads(text))


def _is_too_large(version: StudyVersion) -> bool:
    key = f"exclusions:{version.study.key}:{version.number}:too-large"
    if cache.get(key):
        return True
    counted = Judgement.objects.filter(PEOPLE.of(version, "trial__rater__"))
    if counted[: MOST_ANSWERS + 1].count() <= MOST_ANSWERS:
        return False
    cache.set(key, True, REMEMBERED_S)
    return True


def effect_of(study: Study, rules: Sequence[dict[str, Any]]) -> Effect:
    """What these rules leave. Raises Refused for rules that cannot be read."""
    try:
        found: Selection = select(study, rule_set_of({"name": "", "rules": list(rules)}))
    except ExportError as error:
        raise Refused(str(error)) from None
    left_out = tuple(
        (study.raters[place].key, found.reasons[place]) for place in sorted(found.reasons)
    )
    return Effect(found.flow, left_out, found.notes)


def recorded(version: StudyVersion) -> list[dict[str, Any]]:
    """Every set of rules, the primary one first: the plan's own where none is marked so."""
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "title": one.title,
            "rules": one.rules,
            "is_primary": one.is_primary,
            "by": one.by,
            "at": one.at,
        }
        for one in version.exclusions.select_related("by")
    ]
    if not any(row["is_primary"] for row in rows):
        planned = {
            "name": PLAN,
            "title": _("As the analysis plan says"),
            "rules": version.spec.get("plan", {}).get("exclusions", []),
            "is_primary": True,
            "by": None,
            "at": version.frozen_at,
        }
        rows.append(planned)
    return sorted(rows, key=lambda row: not row["is_primary"])


@transaction.atomic
def record(
    version: StudyVersion, *, title: str, rules: Sequence[dict[str, Any]], by: Any, now: datetime
) -> ExclusionRules:
    """Keep a set of rules for ever.

    A set made after freezing is never the primary one: that is the frozen plan's.

    Raises:
        Refused: a draft, no title or rules, a name that is taken, rules that cannot be read.
    """
    if not version.is_frozen:
        raise Refused(_("A draft has no answers: its primary rules stand in the plan."))
    name = slugify(title)[:40].strip("-")
    if not name:
        raise Refused(_("Give the rules a title with some letters or digits."))
    if not rules:
        raise Refused(_("Choose one rule or more."))
    if name in (PLAN, NONE, "primary"):
        raise Refused(_("That name is taken: give the rules another title."))
    try:
        rule_set_of({"name": name, "rules": list(rules)})
    except ExportError as error:
        raise Refused(str(error)) from None
    try:
        with transaction.atomic():
            row = ExclusionRules.objects.create(
                version=version, name=name, title=title[:200], rules=list(rules), by=by, at=now
            )
    except IntegrityError:
        raise Refused(_("That name is taken: give the rules another title.")) from None
    audit.note(
        version.study, "exclusion rules", by=by, now=now, version=version,
        name=name, rules=list(rules),
    )  # fmt: skip
    return row
