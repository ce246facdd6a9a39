"""What holds for the project as a whole: who imports whom, what a web process loads, what is
pinned."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from packaging.requirements import Requirement

from tests.conftest import ROOT


def run(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_package_imports_only_what_stands_to_its_right() -> None:
    done = run(str(Path(sys.executable).parent / "lint-imports"), "--no-cache")
    assert done.returncode == 0, done.stdout


@pytest.mark.django_db
def test_models_and_migrations_say_the_same() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What tests/web_process.py tells of a web process that answered every page."""
    folder, told = tmp_path_factory.mktemp("site"), ""
    for step in ("prepare", "request"):
        done = run(sys.executable, "-m", "tests.web_process", step, str(folder))
        assert done.returncode == 0, done.stderr
        told = done.stdout
    found: dict[str, Any] = json.loads(told)
    return found


def test_a_web_process_starts_without_scipy_and_pyav(answers: dict[str, Any]) -> None:
    assert {"scipy", "av"} & set(answers["at_start"]) == set()
    assert "annotate" in answers["at_start"]


def test_web_processes_never_load_what_only_the_worker_needs(answers: dict[str, Any]) -> None:
    assert {"torch", "pandas", "statsmodels"} & set(answers["loaded"]) == set()
    assert "django" in answers["loaded"]
    refused = {page: code for page, code in answers["codes"].items() if code not in (200, 302)}
    assert refused == {}
    assert len(answers["codes"]) > 20


def test_a_web_process_without_a_broker_knows_no_celery(answers: dict[str, Any]) -> None:
    assert {"celery", "kombu"} & set(answers["loaded"]) == set()


def pinned(name: str) -> dict[str, str]:
    """Package to version of a requirements file."""
    lines = (ROOT / name).read_text().splitlines()
    found = [line.split("#")[0].strip() for line in lines]
    requirements = [Requirement(line) for line in found if line]
    return {r.name.lower().replace("_", "-"): str(r.specifier) for r in requirements}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_exactly_without_hash_or_index(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "--" not in text
    assert "://" not in text
    versions = pinned(name).values()
    assert versions
    assert all(re.fullmatch(r"==[\w.]+", version) for version in versions)


def test_direct_pins_are_those_of_the_compiled_files() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = project["dependencies"]
    development = [*direct, *project["optional-dependencies"]["dev"]]
    for name, wanted in (("requirements.txt", direct), ("requirements-dev.txt", development)):
        compiled = pinned(name)
        for requirement in map(Requirement, wanted):
            key = requirement.name.lower().replace("_", "-")
            assert compiled[key] == str(requirement.specifier), (name, key)


def test_both_files_pin_the_same_versions() -> None:
    runtime, development = pinned("requirements.txt"), pinned("requirements-dev.txt")
    assert {name: development.get(name) for name in runtime} == runtime
    assert runtime["torch"] == "==2.13.0"
