"""The benchmarks' one table: rows, how they are collected, and how they are written."""

import importlib
import json
import os
import pkgutil
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

import benchmarks

PACKAGES = ("django", "numpy", "scipy", "soundfile", "av", "pyloudnorm", "torch")
HEADINGS = ("benchmark", "measured", "compared with", "aim", "met")


@dataclass(frozen=True)
class Row:
    """One figure. `aim` says in words what was wanted; `met` is None where nothing was."""

    name: str
    value: float
    unit: str
    compared_with: str = ""
    compared_value: float | None = None
    aim: str = ""
    met: bool | None = None


class CannotRun(Exception):  # noqa: N818  (no error: this machine lacks something)
    """Raised by a benchmark that needs what this machine lacks; the text says what."""


@dataclass
class Results:
    """What a run gave: rows, and by benchmark why others gave none."""

    rows: list[Row] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


Benchmark = Callable[[bool], list[Row]]


def names() -> list[str]:
    """Every benchmark there is, by name."""
    modules = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in modules if name not in ("__main__", "table"))


def load(name: str) -> Benchmark | None:
    """The `run` function of a module of this package, None for one that only helps others."""
    return getattr(importlib.import_module(f"benchmarks.{name}"), "run", None)


def collect(
    chosen: Iterable[str],
    *,
    quick: bool,
    say: Callable[[str], None],
    find: Callable[[str], Benchmark | None] = load,
) -> Results:
    """Run benchmarks one after the other; one that fails is noted and the rest goes on."""
    results = Results()
    for name in chosen:
        start = perf_counter()
        try:
            run = find(name)
            if run is None:
                continue
            say(f"{name} ...")
            results.rows += run(quick)
        except CannotRun as reason:
            results.not_run[name] = str(reason)
            say(f"{name}: not run, {reason}")
        except Exception as error:
            results.failed[name] = f"{type(error).__name__}: {error}"
            say(f"{name}: failed, {results.failed[name]}")
        else:
            say(f"{name}: {perf_counter() - start:.0f} s")
    return results


def machine_facts() -> dict[str, str | int]:
    """What the figures were measured on."""
    facts: dict[str, str | int] = {
        "cores": os.cpu_count() or 1,
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed"
    return facts


def as_text(results: Results, facts: Mapping[str, str | int]) -> str:
    """Machine, table, and what gave no row, as plain text."""
    lines = [", ".join(f"{name} {value}" for name, value in facts.items()), ""]
    lines += _aligned([HEADINGS, *(_cells(row) for row in results.rows)])
    lines += [f"not run: {name}, {reason}" for name, reason in results.not_run.items()]
    lines += [f"failed: {name}, {reason}" for name, reason in results.failed.items()]
    return "\n".join(lines)


def as_json(results: Results, facts: Mapping[str, str | int], *, quick: bool) -> str:
    """The same as one JSON object."""
    return json.dumps({"machine": dict(facts), "quick": quick, **asdict(results)}, indent=2)


def number(value: float) -> str:
    """A figure for reading: three digits that count, thousands set apart."""
    if value != 0.0 and abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cells(row: Row) -> tuple[str, ...]:
    compared = row.compared_with
    if row.compared_value is not None:
        compared = f"{number(row.compared_value)} {row.unit} {compared}".strip()
    met = {True: "yes", False: "NO", None: ""}[row.met]
    return (row.name, f"{number(row.value)} {row.unit}".strip(), compared, row.aim, met)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
