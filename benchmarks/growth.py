"""How the site grows: pages that list or count, at 1,000 songs, people and judgements and at 10,000
songs, 10,000 people and a million judgements, on PostgreSQL.

Queries are counted and answers timed in one process, without a network. Each run makes and drops a
database. With `GAINSAY_PLOT=FILE.svg` the times are drawn as well.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.load.postgresql import again_with_a_server, has_server
from benchmarks.load.server import ROOT, production
from benchmarks.saves import check, new_database
from benchmarks.table import Row

MODULE = "benchmarks.growth"
MOST_TIMES = 2.0
# Below this a ratio is one of the machine's moods.
UNNOTICED_MS = 20.0


@dataclass(frozen=True)
class Size:
    """As benchmarks.load.grown.Grown, which needs Django."""

    songs: int
    participants: int
    trials: int
    annotators: int

    @property
    def title(self) -> str:
        judgements = self.participants * self.trials
        return f"{self.songs:,} songs, {self.participants:,} people, {judgements:,} judgements"


SMALL, LARGE = Size(1_000, 1_000, 1, 100), Size(10_000, 10_000, 100, 1_000)
QUICK_SMALL, QUICK_LARGE = Size(100, 100, 1, 10), Size(1_000, 1_000, 10, 100)


def run(quick: bool) -> list[Row]:
    """Queries and times of each page, and the export of the large one."""
    return _measured(quick) if has_server() else again_with_a_server(MODULE, quick)


def _measured(quick: bool) -> list[Row]:
    load_average = os.getloadavg()[0]
    sizes = (QUICK_SMALL, QUICK_LARGE) if quick else (SMALL, LARGE)
    small, large = (one_size(size) for size in sizes)
    if path := os.environ.get("GAINSAY_PLOT"):
        plot(small["pages"], large["pages"], [size.title for size in sizes], Path(path))
    return [
        *(_page(name, small["pages"][name], one) for name, one in large["pages"].items()),
        *_queries(small["pages"], large["pages"]),
        _export(large, sizes[1]),
        Row("load average of the machine before", load_average, ""),
    ]


def one_size(size: Size) -> dict[str, Any]:
    """A site of that size in a child process, its pages and its export."""
    with tempfile.TemporaryDirectory(prefix="gainsay-growth-") as folder:
        with new_database(os.environ["TEST_DATABASE_URL"], Path(folder)) as url:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "benchmarks.load.growth_run"),
                    *(json.dumps(asdict(size)), folder),
                ],
                cwd=ROOT,
                env=production(url, Path(folder)),
                capture_output=True,
                text=True,
            )
        check(done)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def is_within(small: dict[str, float], large: dict[str, float]) -> bool:
    """Whether a page keeps its pace."""
    return large["ms"] <= max(MOST_TIMES * small["ms"], UNNOTICED_MS)


def _page(name: str, small: dict[str, float], large: dict[str, float]) -> Row:
    first = f"on the small site; the first answer took {large['first_ms']:.0f} ms"
    aim = f"within {MOST_TIMES:g} times, or under {UNNOTICED_MS:g} ms"
    met = is_within(small, large)
    return Row(f"page: {name}", large["ms"], "ms", first, small["ms"], aim, met)


def _queries(small: dict[str, Any], large: dict[str, Any]) -> list[Row]:
    more = [name for name, one in large.items() if one["queries"] > small[name]["queries"]]
    most = max(one["queries"] for one in large.values())
    told = f"the most of any page is {most:.0f}" + "".join(f"; {name}" for name in more)
    return [Row("pages that ask more queries when large", len(more), "", told, None, "0", not more)]


def _export(large: dict[str, Any], size: Size) -> Row:
    export = large["export"]
    name = f"the whole export of {size.participants * size.trials:,} judgements as files"
    compared = f"MiB more memory; {export['mib']:.0f} MiB of files"
    return Row(name, export["s"], "s", compared, export["more_memory_mib"])


def plot(small: dict[str, Any], large: dict[str, Any], titles: list[str], path: Path) -> None:
    """Each page's time at both sizes, as SVG or PNG."""
    from matplotlib import pyplot

    names = sorted(large, key=lambda name: large[name]["ms"])
    figure, axes = pyplot.subplots(figsize=(8, 0.27 * len(names) + 1.2), layout="constrained")
    for place, name in enumerate(names):
        before, after = small[name]["ms"], large[name]["ms"]
        axes.plot([before, after], [place, place], color="0.75", zorder=1)
    for told, title, colour in ((small, titles[0], "#0072b2"), (large, titles[1], "#d55e00")):
        times = [told[name]["ms"] for name in names]
        axes.scatter(times, range(len(names)), s=22, color=colour, label=title, zorder=2)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("server time of an answer, ms")
    axes.grid(axis="x", color="0.9")
    axes.legend(loc="lower right", fontsize=8)
    figure.savefig(path)


if __name__ == "__main__":
    print(json.dumps([asdict(row) for row in _measured("--quick" in sys.argv)]))
