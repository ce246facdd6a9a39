"""Which annotations a consensus is made from, as recorded rules: applied, never by deletion."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

REASONS = {
    "set_aside": "set aside by a researcher",
    "simulated": "made by a simulated annotator",
    "headphones": "headphone check not passed",
    "experience": "too few years of mixing, or not stated",
    "listening": "listened too little",
}
"""Every reason for which an annotation can be left out, in the order in which they are given."""


@dataclass(frozen=True)
class AnnotationRules:
    """What an annotation must meet; the defaults let every one in.

    Raises:
        ValueError: a minimum is negative or no number.
    """

    headphones_only: bool = False
    min_mixing_years: float = 0.0
    include_simulated: bool = True
    min_listening_s: float = 0.0
    set_aside: tuple[str, ...] = ()
    """Ids of annotations, kept sorted."""

    def __post_init__(self) -> None:
        for name in ("min_mixing_years", "min_listening_s"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise ValueError(f"{name}: expected a number of 0 or more, got {value!r}")
        for name in ("headphones_only", "include_simulated"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}: expected true or false, got {getattr(self, name)!r}")
        if isinstance(self.set_aside, str):
            raise ValueError(f"set_aside: expected a list of ids, got {self.set_aside!r}")
        object.__setattr__(self, "set_aside", tuple(sorted({str(i) for i in self.set_aside})))

    def as_json(self) -> dict[str, Any]:
        """Plain values; equal rules give equal JSON."""
        return asdict(self) | {"set_aside": list(self.set_aside)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Back from `as_json`; what is not named has its default.

        Raises:
            ValueError: a name is unknown or a value does not fit.
        """
        unknown = sorted(set(values) - {item.name for item in fields(cls)})
        if unknown:
            raise ValueError(f"rules: unknown {', '.join(unknown)}")
        return cls(**values)


@dataclass(frozen=True)
class AnnotationRecord:
    """What the rules look at."""

    id: str
    simulated: bool
    headphones_passed: bool | None
    """None where the check was not taken."""
    mixing_years: float | None
    """None where it was not stated."""
    listening_s: float


@dataclass(frozen=True)
class Selection:
    """Ids in the order given; every id is in exactly one of the two."""

    kept: tuple[str, ...]
    excluded: dict[str, tuple[str, ...]]
    """Id to the reasons, keys of `REASONS`."""

    def counts(self) -> dict[str, int]:
        """How many annotations each reason applied to; one may have several."""
        return {
            reason: sum(reason in reasons for reasons in self.excluded.values())
            for reason in REASONS
        }


def apply_rules(rules: AnnotationRules, records: Iterable[AnnotationRecord]) -> Selection:
    """Sort annotations into kept and excluded, with every reason that applies."""
    set_aside = frozenset(rules.set_aside)
    kept: list[str] = []
    excluded: dict[str, tuple[str, ...]] = {}
    for record in records:
        reasons = _reasons(rules, set_aside, record)
        if reasons:
            excluded[record.id] = reasons
        else:
            kept.append(record.id)
    return Selection(tuple(kept), excluded)


def _reasons(
    rules: AnnotationRules, set_aside: frozenset[str], record: AnnotationRecord
) -> tuple[str, ...]:
    years = record.mixing_years
    applies = {
        "set_aside": record.id in set_aside,
        "simulated": record.simulated and not rules.include_simulated,
        "headphones": rules.headphones_only and record.headphones_passed is not True,
        # Not stated is no proof of none, but fails a rule that asks for some.
        "experience": rules.min_mixing_years > 0
        and (years is None or years < rules.min_mixing_years),
        "listening": record.listening_s < rules.min_listening_s,
    }
    return tuple(reason for reason in REASONS if applies[reason])
