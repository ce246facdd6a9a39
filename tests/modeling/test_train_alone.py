"""`python -m modeling.train` on a bare machine: torch, numpy, scipy and safetensors, no more."""

import re
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = ("torch", "numpy", "scipy", "safetensors")


def not_needed() -> set[str]:
    """Installed modules that neither belong to the four packages nor to what these need."""
    kept: set[str] = set()
    waiting = list(NEEDED)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in kept:
            continue
        kept.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:
            continue
        plain = [line for line in lines if "extra ==" not in line]
        waiting += [re.split(r"[ ;<>=!~\[]", line)[0] for line in plain]
    return {
        module
        for module, names in packages_distributions().items()
        if not kept & {name.lower().replace("_", "-") for name in names}
    }


def bare_site(folder: Path) -> Path:
    """A site-packages that holds links to what is needed alone."""
    folder.mkdir()
    unneeded = not_needed()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if entry.name.removesuffix(".py") not in unneeded and not entry.name.endswith(".pth"):
            (folder / entry.name).symlink_to(entry)
    return folder


def train(tmp_path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *[sys.executable, "-S", "-m", "modeling.train"],
            *["--preset", "gpu", "--songs", "4", "--device", "cpu", "--jobs", "1", *more],
            *["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")],
            *["--runs", str(tmp_path / "runs"), "--real", "modeling/cc0_songs"],
        ],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{bare_site(tmp_path / 'site')}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_the_blocked_modules_are_those_of_the_site() -> None:
    blocked = not_needed()
    assert {"django", "av", "matplotlib", "pandas"} <= blocked
    assert not blocked & {"torch", "numpy", "scipy", "safetensors", "sympy"}


def test_it_starts_alone_and_stops_by_itself_with_its_songs_kept(tmp_path: Path) -> None:
    done = train(tmp_path, "--minutes", "0.001")
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1] == (
        "stopped after 0.001 minutes, as asked; go on with --resume"
    )
    assert len(list((tmp_path / "data").glob("*.excerpt.npz"))) >= 1
    assert not (tmp_path / "out").exists()


def test_no_time_is_refused_with_one_line(tmp_path: Path) -> None:
    done = train(tmp_path, "--minutes", "0")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["0 minutes are no time; give more than 0"]
