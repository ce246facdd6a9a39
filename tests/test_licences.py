"""Under which licences a running site comes, read from what is installed."""

import importlib.metadata
import re

from packaging.requirements import Requirement

from tests.conftest import ROOT

COPYLEFT = re.compile(r"\b(A?GPL|LGPL|MPL|EUPL|CDDL|EPL|General Public)", re.IGNORECASE)
# Named, with the reason, in docs/licences.md.
KNOWN_COPYLEFT = {"psycopg", "psycopg-binary"}


def runtime_packages() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    found = [line.split("#")[0].strip() for line in lines]
    return [Requirement(line).name.lower().replace("_", "-") for line in found if line]


def licence_of(name: str) -> str | None:
    """What the package says of itself; None where it is for another platform."""
    try:
        told = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    trove = [c for c in told.get_all("Classifier") or [] if c.startswith("License")]
    short = told.get("License") or ""
    plain = short if len(short) < 100 else ""
    return " | ".join(part for part in (told.get("License-Expression"), plain, *trove) if part)


def test_no_package_at_run_time_is_copyleft_but_those_that_the_page_names() -> None:
    copyleft = {
        name: licence
        for name in runtime_packages()
        if (licence := licence_of(name)) and COPYLEFT.search(licence)
    }
    assert set(copyleft) <= KNOWN_COPYLEFT, copyleft
    page = (ROOT / "docs" / "licences.md").read_text()
    assert "psycopg" in page


def test_the_page_says_what_the_wheels_of_audio_libraries_carry() -> None:
    page = (ROOT / "docs" / "licences.md").read_text()
    assert re.search(r"PyAV.*GPL codecs", page)
    assert re.search(r"libsndfile.*LGPL", page)


def test_gainsay_itself_is_bsd() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "BSD 3-Clause" in text or "Redistributions in binary form" in text
    assert 'license = "BSD-3-Clause"' in (ROOT / "pyproject.toml").read_text()
