"""The whole report of a study, and the memory of a very large one.

The studies are simulated: six systems, votes on pairs and ratings on five scales, two judges.
"""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.table import Row

Plain = dict[str, Any]
SYSTEMS = 6
SCALES = ("specific", "helpful", "clear", "trust", "overall")
PEOPLE, TRIALS_EACH, ITEMS = 200, 30, 60
REPORT_AIM_S, MEMORY_AIM_MIB = 20.0, 1024.0
NOW = "2026-01-01T00:00:00Z"


def run(quick: bool) -> list[Row]:
    """Wall time of one report with all its files, and the peak memory of another process."""
    from analysis.report.build import Options
    from analysis.report.write import write_report

    people = 40 if quick else PEOPLE
    with tempfile.TemporaryDirectory() as held:
        path = Path(held) / "study.json"
        write_study(path, people, TRIALS_EACH, share_of_pairs=0.5, judges=2)
        start, start_cpu = perf_counter(), process_time()
        write_report(path, Path(held) / "report", Options(NOW))
        taken_s, busy_s = perf_counter() - start, process_time() - start_cpu
        large = Path(held) / "large.json"
        n = write_study(large, 200 if quick else 2000, 100, share_of_pairs=0.0, judges=0)
        peak_mib, large_s = _in_another_process(large, Path(held) / "large")
    name = f"report of {people} people x {TRIALS_EACH} trials, {len(SCALES)} scales, 2 judges"
    return [
        Row(name, taken_s, "s", aim=f"under {REPORT_AIM_S:.0f} s on two cores",
            met=taken_s < REPORT_AIM_S),
        Row("the same, processor time", busy_s, "s"),
        Row(f"peak memory of the report of {n:,} judgements", peak_mib, "MiB",
            aim="under 1 GiB at a million", met=peak_mib < MEMORY_AIM_MIB),
        Row(f"the same, time for {n:,} judgements", large_s, "s"),
    ]  # fmt: skip


def _in_another_process(path: Path, out: Path) -> tuple[float, float]:
    """Peak memory in MiB and wall time in seconds of a report made on its own."""
    command = [sys.executable, "-m", "benchmarks.report", str(path), str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    peak_mib, taken_s = map(float, done.stdout.split())
    return peak_mib, taken_s


def write_study(
    path: Path, people: int, trials_each: int, *, share_of_pairs: float, judges: int
) -> int:
    """A simulated export as a file, written as it is made; returns the number of judgements."""
    rng = np.random.default_rng(0)
    quality = rng.normal(0, 1, (ITEMS, SYSTEMS))
    trials = list(_trials(rng, people, trials_each, share_of_pairs, judges))
    judgements = 0
    with path.open("w") as file:
        file.write('{"judgements":[')
        for trial in trials:
            for one in _answers(rng, trial, quality):
                file.write(("," if judgements else "") + json.dumps(one))
                judgements += 1
        file.write('],"trials":[' + ",".join(json.dumps(trial) for trial in trials) + "],")
        file.write(json.dumps(_rest(people, judges, share_of_pairs, quality))[1:])
    return judgements


def _trials(
    rng: np.random.Generator, people: int, each: int, share_of_pairs: float, judges: int
) -> Iterator[Plain]:
    n_pairs = round(each * share_of_pairs)
    for rater in range(people):
        for place in range(each):
            block = "pairs" if place < n_pairs else "rated"
            yield _trial(rng, f"r{rater}", block, int(rng.integers(ITEMS)), place)
    for judge in range(judges):
        for item in range(ITEMS):
            for block in ("pairs", "rated"):
                yield _trial(rng, f"j{judge}", block, item, 1000 + item)


def _trial(rng: np.random.Generator, rater: str, block: str, item: int, place: int) -> Plain:
    shown = rng.permutation(SYSTEMS)[: 2 if block == "pairs" else 1]
    key = f"{block[0]}{item:03d}"
    sides = {letter: f"{key}.{system}" for letter, system in zip("AB", shown, strict=False)}
    return {"trial": f"{rater}-{place}-{key}", "rater": rater, "item": key, "block": block,
            "position": place, "sides": sides, "state": "answered", "duration_s": 20.0,
            "listened_s": {"problem": 12.0}}  # fmt: skip


def _answers(rng: np.random.Generator, trial: Plain, quality: np.ndarray) -> Iterator[Plain]:
    systems = [int(stimulus.rpartition(".")[2]) for stimulus in trial["sides"].values()]
    levels = quality[int(trial["item"][1:]), systems]
    told = {"trial": trial["trial"], "phase": "before", "revision": 1, "is_current": True,
            "confidence": None, "submitted_at": NOW}  # fmt: skip
    if len(systems) == 2:
        gap = levels[0] - levels[1] + rng.logistic()
        yield {
            **told,
            "question": "better",
            "value": "tie" if abs(gap) < 0.2 else "AB"[int(gap < 0)],
        }
        return
    for scale in SCALES:
        value = float(np.clip(np.round(4 + levels[0] + rng.normal()), 1, 7))
        yield {**told, "question": scale, "value": value}


def _rest(people: int, judges: int, share_of_pairs: float, quality: np.ndarray) -> Plain:
    labels = [f"S{number + 1}" for number in range(SYSTEMS)]
    scales = [{"key": key, "kind": "scale", "text": key, "low": 1, "high": 7, "step": 1}
              for key in SCALES]  # fmt: skip
    blocks = [
        {"key": "pairs", "type": "pairwise advice", "systems": labels,
         "questions": [{"key": "better", "kind": "choice", "text": "Which helps more?"}]},
        {"key": "rated", "type": "rated advice", "systems": labels, "questions": scales},
    ]  # fmt: skip
    primary = {"block": "pairs", "question": "better", "contrast": labels[:2], "cluster": "rater"}
    judge = {"judge": {"name": "judge", "model": "m", "family": "f", "given": "text"}}
    return {
        "format": "gainsay-study", "version": 1, "exported_at": NOW, "software": {},
        "study": {"title": "Benchmark", "version": 1, "state": "closed"},
        "protocol": {"blocks": blocks, "plan": {"primary": primary} if share_of_pairs else {}},
        "systems": [{"system": label, "name": f"system {label}"} for label in labels],
        "items": [
            {"item": f"{block}{item:03d}", "block": name, "title": f"Item {item}", "stimuli": [
                {"stimulus": f"{block}{item:03d}.{system}", "system": labels[system],
                 "role": "system", "text": "Raise the vocals.", "n_words": 3 + system,
                 "error_after_db": float(5 - quality[item, system])}
                for system in range(SYSTEMS)]}
            for block, name in (("p", "pairs"), ("r", "rated")) for item in range(ITEMS)],
        "raters": [{"rater": f"r{n}", "kind": "person",
                    "gates": {"attention": {"passed": n % 20 and 2, "of": 2}}}
                   for n in range(people)]
        + [{"rater": f"j{n}", "kind": "judge", "judge": {**judge["judge"], "name": f"judge {n}"}}
           for n in range(judges)],
        "exclusions": [{"name": "plan", "is_primary": True,
                        "rules": [{"rule": "attention at least", "value": 1}]}],
    }  # fmt: skip


def main(arguments: list[str]) -> None:
    """One report; prints peak memory in MiB and wall time in seconds."""
    from analysis.report.build import Options
    from analysis.report.write import write_report

    start = perf_counter()
    write_report(Path(arguments[0]), Path(arguments[1]), Options(NOW))
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(peak_mib, perf_counter() - start)


if __name__ == "__main__":
    main(sys.argv[1:])
