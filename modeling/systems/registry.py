"""The registry: every file in `modeling.systems.entries` is a system. No list to keep."""

import importlib
import pkgutil
import re
from functools import cache
from types import MappingProxyType, ModuleType

from modeling.advice.structure import INPUTS, Advice
from modeling.systems import entries
from modeling.systems.hearing import Scene, hear
from modeling.systems.interface import Options, Registry, System, SystemFailedError


@cache
def systems() -> Registry:
    """Every system by name, in the order of the names."""
    return discover(entries)


def system(name: str) -> System:
    """One system. Raises SystemFailedError for an unknown name."""
    found = systems().get(name)
    if found is None:
        raise SystemFailedError(f"system {name!r} is unknown; use one of {', '.join(systems())}")
    return found


def advise(
    name: str, scene: Scene, options: Options | None = None, *, evaluation: bool = False
) -> Advice:
    """Let a system hear what it declares of a scene, and return its advice for that balance.

    Raises:
        SystemFailedError: unknown name, a system for evaluations outside of one, or a system that
            cannot advise.
        ValueError: nothing sounds in the scene, or the answer is wanted and unknown.
    """
    asked = system(name)
    if asked.evaluation_only and not evaluation:
        raise SystemFailedError(f"{name} knows the answer; it is for evaluations only")
    heard = hear(scene, asked.hears)
    return asked.advise(heard, options or Options()).starting_from(scene.present)


def discover(package: ModuleType) -> Registry:
    """The systems in a package, sorted by name.

    Raises:
        SystemFailedError: a file without SYSTEM, a name that is taken or no plain word, an unknown
            input, or the answer declared by a system that is not for evaluations only.
    """
    found: dict[str, System] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        path = f"{package.__name__}.{module.name}"
        entry: System | None = getattr(importlib.import_module(path), "SYSTEM", None)
        if entry is None:
            raise SystemFailedError(f"{path} has no SYSTEM; define one or move the file")
        _check(entry, path)
        if entry.name in found:
            raise SystemFailedError(f"{path}: the name {entry.name!r} is taken; choose another")
        found[entry.name] = entry
    return MappingProxyType(dict(sorted(found.items())))


def _check(entry: System, path: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", entry.name):
        raise SystemFailedError(f"{path}: name {entry.name!r}; use a-z, 0-9 and _")
    unknown = sorted(entry.hears - set(INPUTS))
    if unknown:
        raise SystemFailedError(
            f"{path}: hears {', '.join(unknown)}, which is unknown; use {', '.join(INPUTS)}"
        )
    if "answer" in entry.hears and not entry.evaluation_only:
        raise SystemFailedError(f"{path}: hears the answer; set evaluation_only")
