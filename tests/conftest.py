"""Fixtures that every package's tests share."""

from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"

# How long an example takes says more about what else the machine does than about the code. Under
# CI hypothesis has a profile of its own, without deadline and with the same examples every time.
if hypothesis.settings.get_current_profile_name() == "default":
    hypothesis.settings.register_profile("gainsay", deadline=None)
    hypothesis.settings.load_profile("gainsay")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real songs and real ratings that lies beside the project's root."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside the project: tests on real songs and ratings did not run")
    return SHARED
