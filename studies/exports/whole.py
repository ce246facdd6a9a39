"""The export as one JSON object, in canonical form (sorted keys, no spaces), written as it is
read."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from studies.exports import sections
from studies.exports.scope import Scope, software
from studies.protocol.hashing import canonical

FORMAT, VERSION = "gainsay-study", 1


def json_parts(scope: Scope) -> Iterator[str]:
    """The text in pieces; joined they are `canonical` of the whole."""
    parts: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": sections.iso(scope.now),
        "software": software(),
        "study": about(scope),
        "protocol": protocol(scope),
        "systems": sections.systems(scope),
        "items": sections.items(scope),
        "raters": sections.raters(scope),
        "trials": sections.trials(scope),
        "judgements": sections.judgements(scope),
        "exclusions": sections.exclusions(scope),
        "log": sections.log(scope),
    }
    yield "{"
    for place, key in enumerate(sorted(parts)):
        yield f'{"," if place else ""}"{key}":'
        value = parts[key]
        if isinstance(value, Iterator):
            yield from _listed(value)
        else:
            yield canonical(value)
    yield "}"


def _listed(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield "["
    for place, row in enumerate(rows):
        yield ("," if place else "") + canonical(row)
    yield "]"


def about(scope: Scope) -> dict[str, Any]:
    """Which study this is, in what state, and how it was let out."""
    version = scope.version
    return {
        "key": version.study.key,
        "title": scope.hidden(version.study.title),
        "version": version.number,
        "state": version.state,
        "protocol_hash": version.protocol_hash,
        "plan_hash": version.plan_hash,
        "frozen_at": sections.iso(version.frozen_at),
        "closed_at": sections.iso(version.closed_at),
        "blinded": scope.is_blinded,
        "interim": scope.is_interim,
        "included": sorted(scope.include),
    }


def protocol(scope: Scope) -> dict[str, Any]:
    """The frozen spec with systems by label; the plan names its set of exclusion rules."""
    spec = _labelled(scope, scope.version.spec)
    primary = next(row["name"] for row in sections.exclusions(scope) if row["is_primary"])
    return {**spec, "plan": {**spec.get("plan", {}), "exclusions": primary}}


def _labelled(scope: Scope, spec: Mapping[str, Any]) -> dict[str, Any]:
    if scope.is_blinded:
        return dict(scope.labels.hide(spec))
    by_name = scope.labels.by_name
    blocks = [
        {
            **block,
            "systems": [by_name[name] for name in block.get("systems", [])],
            "contrasts": [[by_name[one] for one in pair] for pair in block.get("contrasts", [])],
        }
        for block in spec["blocks"]
    ]
    plan = dict(spec.get("plan", {}))
    primary = plan.get("primary")
    if primary and primary.get("contrast"):
        contrast = [by_name[name] for name in primary["contrast"]]
        plan["primary"] = {**primary, "contrast": contrast}
    return {**spec, "blocks": blocks, "plan": plan}
