"""Fixtures that every package's tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real songs and real ratings that lies beside the project's root."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside the project: tests on real songs and ratings did not run")
    return SHARED
