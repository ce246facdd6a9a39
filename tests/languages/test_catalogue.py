"""The German of annotators and participants is whole, fits its English, and is what is served."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.management.commands.make_messages import TRANSLATED
from tests.conftest import ROOT
from tests.languages.catalogue import Entry, read_catalogue

FOLDER = ROOT / "locale" / "de" / "LC_MESSAGES"
SOURCE, COMPILED = FOLDER / "django.po", FOLDER / "django.mo"
ENTRIES = read_catalogue(SOURCE)
# %(name)s and %s of Python, %1 of scripts, {code} of str.format, and elements.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%?[sd]|%\d|\{\w*\}|<[^>]+>")


def test_every_text_has_a_translation_that_nobody_guessed() -> None:
    assert len(ENTRIES) > 300
    lacking = [key for key, entry in ENTRIES.items() if not all(entry.translations)]
    assert lacking == []
    assert [key for key, entry in ENTRIES.items() if "fuzzy" in entry.flags] == []
    assert "#~" not in SOURCE.read_text(encoding="utf-8")


def test_what_is_filled_in_stands_in_every_translation() -> None:
    wrong = [entry.key for entry in ENTRIES.values() if _placeholders_differ(entry)]
    assert wrong == []


def _placeholders_differ(entry: Entry) -> bool:
    wanted = [sorted(PLACEHOLDER.findall(text)) for text in entry.originals]
    given = [sorted(PLACEHOLDER.findall(text)) for text in entry.translations]
    return wanted != given


def test_a_translation_keeps_the_shape_of_its_text() -> None:
    """No space gone astray, no full stop lost, and quotes as German has them."""
    for entry in ENTRIES.values():
        for english, german in zip(entry.originals, entry.translations, strict=True):
            assert german == german.strip(), german
            assert english.endswith(".") == german.endswith("."), german
            assert not re.search(r"[\"']|“[^“„]*”|\.\.\.", german), german


def test_the_compiled_catalogue_is_that_of_its_source() -> None:
    with COMPILED.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert _served(compiled) == {
        (context, text): entry.translations for (context, text), entry in ENTRIES.items()
    }


def _served(compiled: gettext.GNUTranslations) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for key, text in compiled._catalog.items():  # type: ignore[attr-defined]
        # One of several numbers comes as (text, which).
        asked = key[0] if isinstance(key, tuple) else key
        context, _, plain = asked.rpartition("\x04")
        if plain:
            found.setdefault((context, plain), []).append(text)
    return found


def test_every_pattern_of_translated_files_finds_some() -> None:
    assert [pattern for pattern in TRANSLATED if not list(ROOT.glob(pattern))] == []


def test_the_catalogue_holds_what_the_sources_say_and_nothing_else(tmp_path: Path) -> None:
    if shutil.which("xgettext") is None:
        line = "no xgettext: install gettext to compare the catalogue with the sources"
        if os.environ.get("CI"):
            pytest.fail(line)
        pytest.skip(line)
    for name in ("config", "annotate", "studies", "templates", "locale"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("modeling", "analysis", "manage.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(
        [sys.executable, "manage.py", "make_messages", "-l", "de"],
        cwd=tmp_path,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings.test"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    gathered = tmp_path / SOURCE.relative_to(ROOT)
    assert gathered.read_text(encoding="utf-8") == SOURCE.read_text(encoding="utf-8"), (
        "run `make messages` and translate what is new"
    )
