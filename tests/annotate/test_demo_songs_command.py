"""`make_demo_songs` as a command: into the library or into a folder, and never half."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from annotate.models import Song

SHORT: dict[str, Any] = {"count": 1, "seed": 4, "duration": 10.0}


def make(**options: Any) -> dict[str, Any]:
    told = io.StringIO()
    call_command(
        "make_demo_songs", json=True, stdout=told, stderr=io.StringIO(), **(SHORT | options)
    )
    return json.loads(told.getvalue())


@pytest.mark.django_db
def test_songs_are_imported_once_and_marked_as_generated() -> None:
    first = make(count=1)
    second = make(count=2)
    assert [one["key"] for one in second["skipped"]] == [one["key"] for one in first["imported"]]
    assert len(second["imported"]) == 1
    assert Song.objects.count() == 2
    assert set(Song.objects.values_list("is_generated", "licence")) == {(True, "CC0-1.0")}


def test_a_folder_needs_no_database(tmp_path: Path) -> None:
    written = make(count=1, out=tmp_path / "out")["written"]
    assert sorted(path.name for path in Path(written[0]).iterdir()) == [
        "bass.flac",
        "drums.flac",
        "other.flac",
        "song.json",
        "vocals.flac",
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"count": 0}, "--count 0"),
        ({"jobs": 0}, "--jobs 0"),
        ({"seed": -1}, "--seed -1"),
        ({"duration": 9.9}, "--duration 9.9"),
        ({"duration": float("nan")}, "--duration nan"),
    ],
)
def test_wrong_numbers_are_one_line(options: dict, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        make(**options)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CommandError, match="file cannot be written") as fault:
        make(out=tmp_path / "file")
    assert "\n" not in str(fault.value)
