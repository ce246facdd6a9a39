"""Advice as JSON and back. Reading checks everything; what does not fit is named."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from analysis.vectors import STEMS, Balance, Move
from modeling.advice.facts import Fact
from modeling.advice.structure import Advice, Answer, Provenance, SpokenMove, Uncertainty

FORMAT = "gainsay-advice/1"
_FIELDS = (
    "format",
    "leave_it",
    "within_db",
    "moves",
    "move_db",
    "balance_db",
    "uncertainty",
    "reasons",
    "prose",
    "original_prose",
    "provenance",
)


def to_json(advice: Advice) -> dict[str, Any]:
    """Plain values for JSON; masked stems and what is not stated are null."""
    return {
        "format": FORMAT,
        "leave_it": advice.leave_it,
        "within_db": advice.answer.within_db,
        "moves": [
            {
                "stem": move.stem,
                "direction": move.direction,
                "db": abs(move.move_db),
                "low_db": move.low_db,
                "high_db": move.high_db,
                "certainty": move.certainty,
            }
            for move in advice.answer.moves
        ],
        "move_db": advice.move.to_mapping(),
        "balance_db": advice.balance.to_mapping(),
        "uncertainty": _uncertainty_json(advice.uncertainty),
        "reasons": [asdict(fact) for fact in advice.reasons],
        "prose": advice.prose,
        "original_prose": advice.original_prose,
        "provenance": {**asdict(advice.provenance), "hears": list(advice.provenance.hears)},
    }


def from_json(values: Mapping[str, Any]) -> Advice:
    """Advice from `to_json`.

    Raises:
        ValueError: another format, a missing or unknown field, or values that do not fit.
    """
    if not isinstance(values, Mapping) or values.get("format") != FORMAT:
        raise ValueError(f"advice is not of the format {FORMAT}; write it again")
    missing = [name for name in _FIELDS if name not in values]
    unknown = sorted(set(values) - set(_FIELDS))
    if missing or unknown:
        raise ValueError(
            f"advice: missing: {', '.join(missing) or 'none'}; "
            f"unknown: {', '.join(unknown) or 'none'}"
        )
    try:
        advice = Advice(
            move=Move.from_mapping(values["move_db"]),
            balance=Balance.from_mapping(values["balance_db"]),
            answer=Answer(
                tuple(_spoken(move) for move in values["moves"]), _figure(values["within_db"])
            ),
            prose=_text(values["prose"]),
            provenance=_provenance(values["provenance"]),
            uncertainty=_uncertainty(values["uncertainty"]),
            reasons=tuple(Fact(**fact) for fact in values["reasons"]),
            original_prose=_text(values["original_prose"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"advice has a field of the wrong form ({error}); write it again"
        ) from error
    if values["leave_it"] is not advice.leave_it:
        raise ValueError(f"advice: leave_it is {values['leave_it']!r}, but the moves say otherwise")
    return advice


def _spoken(values: Mapping[str, Any]) -> SpokenMove:
    sign = {"raise": 1.0, "lower": -1.0}.get(values["direction"])
    size_db = _figure(values["db"])
    if sign is None or size_db is None or size_db <= 0.0:
        raise ValueError(
            f"{values['stem']}: expected raise or lower by a positive dB, "
            f"got {values['direction']!r} by {values['db']!r}"
        )
    low_db, high_db = _figure(values["low_db"]), _figure(values["high_db"])
    return SpokenMove(values["stem"], sign * size_db, low_db, high_db, _figure(values["certainty"]))


def _uncertainty_json(uncertainty: Uncertainty | None) -> dict[str, Any] | None:
    if uncertainty is None:
        return None
    return {
        "expected_db": uncertainty.expected.to_mapping(),
        "sigma_db": dict(zip(STEMS, uncertainty.sigma_db, strict=True)),
        "low_db": dict(zip(STEMS, uncertainty.low_db, strict=True)),
        "high_db": dict(zip(STEMS, uncertainty.high_db, strict=True)),
        "p_error": uncertainty.p_error,
        "level": uncertainty.level,
    }


def _uncertainty(values: Mapping[str, Any] | None) -> Uncertainty | None:
    if values is None:
        return None
    per_stem = {
        name: tuple(_figure(values[name][stem]) for stem in STEMS)
        for name in ("sigma_db", "low_db", "high_db")
    }
    return Uncertainty(
        Move.from_mapping(values["expected_db"]),
        p_error=float(values["p_error"]),
        level=float(values["level"]),
        **per_stem,
    )


def _provenance(values: Mapping[str, Any]) -> Provenance:
    return Provenance(**{**values, "hears": tuple(values["hears"])})


def _figure(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"advice: expected a number or null, got {value!r}")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"advice: expected text, got {value!r}")
    return value
